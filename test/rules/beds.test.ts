/** Which beds are free, whoever writes: that follows from the open stays and is stored nowhere else. */
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { rulesTable } from "../kit/rules-table.ts";

rulesTable("beds", ["wards", "visits", "hospitalizations"], (at) => {
  let next = 0;
  const newBeds = async () => {
    next += 1;
    const ward = await wards.open(at.mesh.caller, { name: `Ward ${next}`, rooms: [{ name: "1", beds: ["A", "B"] }] });
    const [room] = ward.rooms;
    const [a = "", b = ""] = room?.beds.map(({ location }) => location) ?? [];
    return { ward: ward.location, room: room?.location ?? "", a, b };
  };
  const somebody = () => at.stored({ resourceType: "Patient" });
  const stay = async (bed: string, more: object = {}) => ({
    resourceType: "Encounter",
    status: "in-progress",
    class: { code: "IMP" },
    subject: await somebody(),
    location: [{ location: { reference: bed }, status: "active" }],
    ...more,
  });
  const board = async ({ ward }: { ward: string }) => (await wards.listBeds(at.mesh.caller, { ward })).map(({ status }) => status);
  const shown = async (bed: string) => {
    const read = (await at.fhir.get(`/${bed}`)).body;
    const found = (await at.fhir.get(`/Location?_id=${read.id}`)).body.entry[0].resource;
    expect(found).toEqual(read);
    return read.operationalStatus.code;
  };
  const put = (resource: Record<string, unknown>) => at.fhir.send("PUT", `/${resource.resourceType}/${resource.id}`, resource);

  at.refuses("encounter-bed", "a stay in a bed that is out of use", {
    create: async () => {
      const { a } = await newBeds();
      await put({ ...(await at.fhir.get(`/${a}`)).body, operationalStatus: { code: "K" } });
      return stay(a);
    },
    insteadOf: async () => stay((await newBeds()).a),
    as: { status: 409, expression: "Encounter.location.location" },
  });
  at.refuses("encounter-bed", "a stay in a room, as if it were a bed", {
    create: async () => stay((await newBeds()).room),
    insteadOf: async () => stay((await newBeds()).a),
    as: { status: 409 },
  });
  at.refuses("encounter-bed", "to move a stay into a ward that is closed", {
    stored: async () => stay((await newBeds()).a),
    change: (it) => ({ ...it, location: [{ location: { reference: closedBed }, status: "active" }] }),
    instead: (it) => ({ ...it, location: [{ location: { reference: openBed }, status: "active" }] }),
    as: { status: 409 },
  });
  let closedBed = "";
  let openBed = "";
  beforeEach(async () => {
    const closed = await newBeds();
    await put({ ...(await at.fhir.get(`/${closed.ward}`)).body, status: "inactive" });
    closedBed = closed.a;
    openBed = (await newBeds()).a;
  });

  it("are taken and free again with the stay, by an action or by FHIR", async () => {
    const beds = await newBeds();
    expect(await shown(beds.a)).toBe("U");
    const { reference } = await at.stored(await stay(beds.a));
    expect([await board(beds), await shown(beds.a)]).toEqual([["taken", "free"], "O"]);
    const { body } = await at.fhir.get(`/${reference}`);
    await put({ ...body, status: "finished" });
    expect([await board(beds), await shown(beds.a)]).toEqual([["free", "free"], "U"]);
    await hospitalizations.admit(at.mesh.caller, { patient: (await somebody()).reference, bed: beds.a });
    expect(await board(beds)).toEqual(["taken", "free"]);
    // The discharge is undone, but somebody else lies there by now.
    const reopened = { ...body, statusHistory: [{ status: "finished", period: { start: "2026" } }] };
    expect(await put(reopened)).toMatchObject({ status: 409 });
    expect(await put({ ...reopened, location: [{ location: { reference: beds.b }, status: "active" }] })).toMatchObject({ status: 200 });
    expect(await board(beds)).toEqual(["taken", "taken"]);
  });

  it("have one patient each, however the bed is written", async () => {
    const { a } = await newBeds();
    await at.stored(await stay(a));
    for (const reference of [a, `${a}/_history/1`, `${at.mesh.base}/fhir/${a}`]) {
      expect(await at.fhir.create(await stay(reference))).toMatchObject({ status: 409 });
    }
  });

  it("stay on the board when their operationalStatus is taken away, or says something else", async () => {
    const beds = await newBeds();
    const { operationalStatus: _, ...bare } = (await at.fhir.get(`/${beds.a}`)).body;
    await put(bare);
    await put({ ...(await at.fhir.get(`/${beds.b}`)).body, operationalStatus: { code: "O" } });
    expect([await board(beds), await shown(beds.a), await shown(beds.b)]).toEqual([["free", "free"], "U", "U"]);
  });
});
