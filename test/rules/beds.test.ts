/** Which beds are free, whoever writes: that follows from the open stays and is stored nowhere else. */
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { refusal } from "../kit/clinic.ts";
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
  const inPlaces = (...places: string[]) => places.map((reference) => ({ status: "active", location: { reference } }));
  const board = async ({ ward }: { ward: string }) => (await wards.listBeds(at.mesh.caller, { ward })).map(({ status }) => status);
  const shown = async (bed: string) => {
    const read = (await at.fhir.get(`/${bed}`)).body;
    const found = (await at.fhir.get(`/Location?_id=${read.id}`)).body.entry[0].resource;
    expect(found).toEqual(read);
    return read.operationalStatus.code;
  };
  const put = (resource: Record<string, unknown>) => at.fhir.send("PUT", `/${resource.resourceType}/${resource.id}`, resource);

  it("are taken out of use once they are free, also with concurrent writes", async () => {
    // By the rule "location-occupied".
    const { a } = await newBeds();
    const close = async (status: string) => put({ ...(await at.fhir.get(`/${a}`)).body, status });
    const { reference } = await at.stored(await stay(a));
    for (const status of ["inactive", "suspended"]) {
      expect(await close(status)).toMatchObject({ status: 409, body: { issue: [{ expression: ["Location.status"] }] } });
    }
    await hospitalizations.discharge(at.mesh.caller, { stay: reference });
    expect((await close("suspended")).status).toBe(200);
    expect((await close("active")).status).toBe(200);
    const coming = await Promise.all(Array.from({ length: 8 }, () => stay(a)));
    const [closed, ...came] = await Promise.all([close("inactive"), ...coming.map((it) => at.fhir.create(it))]);
    const isIn = came.filter(({ status }) => status === 201).length;
    expect([closed.status, isIn]).toEqual(closed.status === 200 ? [200, 0] : [409, 1]);
  });

  it("may have equal names in contained rooms: one id is another room in each resource", async () => {
    const physicalType = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/location-physical-type", code: "bd" }] };
    const bed = { resourceType: "Location", status: "active", name: "A", physicalType };
    const contained = { ...bed, partOf: { reference: "#room" }, contained: [{ resourceType: "Location", id: "room" }] };
    for (const status of [201, 201]) expect(await at.fhir.create(contained)).toMatchObject({ status });
    const partOf = await at.stored({ resourceType: "Location" });
    for (const status of [201, 409]) expect(await at.fhir.create({ ...bed, partOf })).toMatchObject({ status });
  });

  at.refuses("encounter-unknown", "a stay in a bed to become unknown, but not one whose patient has left the bed", {
    stored: async () => stay((await newBeds()).a),
    change: (it) => ({ ...it, status: "unknown" }),
    instead: (it) => ({
      ...it,
      status: "unknown",
      location: [{ ...(it["location"] as object[])[0], status: "completed", period: { end: new Date().toISOString() } }],
    }),
    as: { status: 409, expression: "Encounter.status" },
  });

  it("have names and patients of their own; a refusal says what is taken, by which resource, and what to do", async () => {
    const { a } = await newBeds();
    const first = (await at.fhir.create(await stay(a))).body;
    const bed = (await at.fhir.get(`/${a}`)).body;
    const again = await at.fhir.create({ ...(await stay(a)), subject: first.subject, location: undefined });
    const named = await at.fhir.create({ ...bed, id: undefined });
    const told = (type: string, diagnostics: string) => ({
      status: 409,
      body: { issue: [{ details: { coding: [{ code: type }] }, diagnostics }] },
    });
    expect(again).toMatchObject(
      told("PATIENT_ALREADY_ADMITTED", `The patient is admitted already: change or end that stay. The other one is Encounter/${first.id}.`),
    );
    expect(named).toMatchObject(told("BED_NAME_TAKEN", `A bed of this room has this name already: choose another. The other one is ${a}.`));
  });

  it("can be exchanged by two patients in one transaction, and nobody else gets one meanwhile", async () => {
    const { a, b, ward } = await newBeds();
    const [first, second] = [(await at.fhir.create(await stay(a))).body, (await at.fhir.create(await stay(b))).body];
    const moved = (it: Record<string, unknown>, bed: string) => ({
      resource: { ...it, location: inPlaces(bed) },
      request: { method: "PUT", url: `Encounter/${it["id"]}` },
    });
    const send = (...entry: object[]) => at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
    const alone = await send(moved(first, b));
    const diagnostics = `Another patient is in this bed: choose a free one, or end the stay of that patient there. The other one is Encounter/${second.id}.`;
    const details = { coding: [{ code: "BED_OCCUPIED" }] };
    expect(alone).toMatchObject({ status: 409, body: { issue: [{ details, diagnostics }] } });
    const both = await send(moved(first, b), moved(second, a));
    expect(both.status).toBe(200);
    expect(await board({ ward })).toEqual(["taken", "taken"]);
  });

  const location = (code: string, more: object = {}) => ({
    resourceType: "Location",
    status: "active",
    physicalType: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/location-physical-type", code }] },
    ...more,
  });
  const inIt = ({ id }: { id: string }) => ({ partOf: { reference: `Location/${id}` } });
  at.refuses("location-occupied", "a ward to close while somebody lies in a bed of it", {
    stored: () => location("wa"),
    under: async (ward) => {
      const { reference: partOf } = await at.stored(location("ro", inIt(ward)));
      const { reference: bed } = await at.stored(location("bd", { partOf: { reference: partOf } }));
      return at.stored(await stay(bed, { location: [{ location: { reference: bed } }] }));
    },
    change: (it) => ({ ...it, status: "suspended" }),
    instead: (it) => ({ ...it, description: "Surgery" }),
    as: { status: 409, expression: "Location.status" },
  });
  at.refuses("location-occupied", "a bed in which somebody lies to become a room", {
    stored: () => location("bd"),
    under: async ({ id }) => at.stored(await stay(`Location/${id}`)),
    change: (it) => ({ ...it, physicalType: location("ro").physicalType }),
    instead: (it) => ({ ...it, name: "A" }),
    as: { status: 409, expression: "Location.physicalType" },
  });
  let [closedWard, openWard] = ["", ""];
  at.refuses("location-occupied", "a bed in which somebody lies to be moved into a ward that is closed", {
    stored: () => location("bd"),
    under: async ({ id }) => {
      closedWard = (await at.stored(location("wa", { status: "inactive" }))).reference;
      openWard = (await at.stored(location("wa"))).reference;
      return at.stored(await stay(`Location/${id}`));
    },
    change: (it) => ({ ...it, partOf: { reference: closedWard } }),
    instead: (it) => ({ ...it, partOf: { reference: openWard } }),
    as: { status: 409, expression: "Location.partOf" },
  });
  let room = "";
  at.refuses("location-part-of", "a ward to be a part of its room", {
    stored: () => location("wa"),
    under: async (ward) => {
      room = (await at.stored(location("ro", inIt(ward)))).reference;
    },
    change: (it) => ({ ...it, partOf: { reference: room } }),
    instead: (it) => ({ ...it, partOf: { reference: openWard } }),
    as: { status: 422, expression: "Location.partOf" },
  });

  it("close with their ward in the transaction that transfers or discharges their patient", async () => {
    const ward = (await at.fhir.create(location("wa"))).body;
    const bed = (await at.fhir.create(location("bd", inIt(ward)))).body;
    const { reference } = await at.stored(await stay(`Location/${bed.id}`));
    const put = (resource: { resourceType: string; id: string }) => ({
      resource,
      request: { method: "PUT", url: `${resource.resourceType}/${resource.id}` },
    });
    const together = async (...entry: object[]) =>
      (await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).status;
    const closed = put({ ...ward, status: "inactive" });
    expect(await together(closed, put({ ...bed, name: "A" }))).toBe(409);
    expect(await together(closed, put({ ...bed, partOf: { reference: openWard } }))).toBe(200);
    const here = (await at.fhir.get(`/${reference}`)).body;
    const closedBed = put({ ...(await at.fhir.get(`/Location/${bed.id}`)).body, status: "inactive" });
    expect(await together(closedBed)).toBe(409);
    expect(await together(closedBed, put({ ...here, status: "finished" }))).toBe(200);
  });

  it("have one patient, even if a stay gives no status, or spells the bed otherwise", async () => {
    const { a } = await newBeds();
    const own = `${at.mesh.base}/fhir`.replace("http:", "HTTP:").replace("/fhir", "//fhir");
    expect((await at.fhir.create(await stay(a, { location: [{ location: { reference: a } }] }))).status).toBe(201);
    for (const place of [{ reference: a }, { reference: `${own}/${a}` }]) {
      const other = await stay(a, { location: [{ location: place }] });
      expect((await at.fhir.create(other)).status).toBe(409);
    }
    const { body: lies } = await at.fhir.create(await stay((await newBeds()).a));
    const spelt = `${own}/${a}`;
    const url = `Encounter/${lies.id}`;
    const ops = [{ op: "replace", path: "/location/0/location/reference", value: spelt }];
    const data = Buffer.from(JSON.stringify(ops)).toString("base64");
    const moved = { ...lies, location: [{ location: { reference: spelt } }] };
    const patch = {
      resource: { resourceType: "Binary", contentType: "application/json-patch+json", data },
      request: { method: "PATCH", url },
    };
    const bundle = (type: string, entry: object) => at.fhir.send("POST", "", { resourceType: "Bundle", type, entry: [entry] });
    expect((await bundle("transaction", patch)).status).toBe(409);
    expect((await bundle("batch", { resource: moved, request: { method: "PUT", url } })).body.entry[0].response.status).toMatch(/^409/);
    const gone = await stay(a, { location: [{ location: { reference: a }, period: { start: ago(60), end: ago(30) } }] });
    expect((await at.fhir.create(gone)).status).toBe(201);
  });

  at.refuses("encounter-bed", "a stay in a bed that is out of use", {
    create: async () => {
      const { a } = await newBeds();
      await put({ ...(await at.fhir.get(`/${a}`)).body, operationalStatus: { code: "K" } });
      return stay(a);
    },
    insteadOf: async () => stay((await newBeds()).a),
    as: { status: 409, expression: "Encounter.location.location" },
  });
  at.refuses("encounter-bed", "a stay in a bed that is out of use, also where its ward is named before it", {
    create: async () => {
      const { ward, a } = await newBeds();
      await put({ ...(await at.fhir.get(`/${a}`)).body, operationalStatus: { code: "K" } });
      return stay(a, { location: inPlaces(ward, a) });
    },
    insteadOf: async () => {
      const { ward, a } = await newBeds();
      return stay(a, { location: inPlaces(ward, a) });
    },
    as: { status: 409, expression: "Encounter.location.location" },
  });
  at.refuses("encounter-bed", "to move a stay into a ward that is closed", {
    stored: async () => stay((await newBeds()).a),
    change: (it) => ({ ...it, location: [{ location: { reference: closedBed }, status: "active" }] }),
    instead: (it) => ({ ...it, location: [{ location: { reference: openBed }, status: "active" }] }),
    as: { status: 409 },
  });
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const lainInBefore = async (minutes: number) => {
    const { a } = await newBeds();
    const period = { start: ago(60), end: ago(30) };
    const left = [{ location: { reference: a }, status: "completed", period }];
    await at.stored(await stay(a, { status: "finished", period, location: left }));
    const since = { start: ago(minutes) };
    return stay(a, { period: since, location: [{ location: { reference: a }, status: "active", period: since }] });
  };
  at.refuses("encounter-bed-since", "a stay in a bed from a time when another lay there", {
    create: () => lainInBefore(45),
    insteadOf: () => lainInBefore(29),
    as: { status: 409, expression: "Encounter.location.location" },
  });
  at.refuses("encounter-one-bed", "a stay in two beds at once", {
    create: async () => {
      const { a, b, room } = await newBeds();
      return stay(a, { location: inPlaces(a, b, room) });
    },
    insteadOf: async () => {
      const { a, b, room } = await newBeds();
      return stay(a, { location: [...inPlaces(a, room), { status: "completed", location: { reference: b } }] });
    },
    as: { status: 409, expression: "Encounter.location.location" },
  });
  let closedBed = "";
  let openBed = "";
  beforeEach(async () => {
    const closed = await newBeds();
    await put({ ...(await at.fhir.get(`/${closed.ward}`)).body, status: "inactive" });
    closedBed = closed.a;
    openBed = (await newBeds()).a;
  });

  it("are occupied and freed with the stay, by an action or by FHIR", async () => {
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

  it("have one patient each, however the bed is spelt", async () => {
    const { a } = await newBeds();
    await at.stored(await stay(a));
    for (const reference of [a, `${a}/_history/1`, `${at.mesh.base}/fhir/${a}`]) {
      expect(await at.fhir.create(await stay(reference))).toMatchObject({ status: 409 });
    }
  });

  it("have one patient each, wherever in the list they are; a ward and a room have many", async () => {
    const beds = await newBeds();
    const { ward, room, a, b } = beds;
    await at.stored(await stay(a, { location: inPlaces(ward, room, a) }));
    const elsewhere = { status: "active", location: { display: "on the third floor" } };
    expect(await at.fhir.create(await stay(a, { location: [elsewhere, ...inPlaces(a)] }))).toMatchObject({ status: 409 });
    expect(await at.fhir.create(await stay(a, { location: inPlaces(ward, a) }))).toMatchObject({ status: 409 });
    for (const places of [[ward, b], [ward], [room]]) await at.stored(await stay(b, { location: inPlaces(...places) }));
    expect([await board(beds), await shown(a), await shown(b)]).toEqual([["taken", "taken"], "O", "O"]);
  });

  it("are read again by clients that know their version, as their occupancy is not part of it", async () => {
    const { a, ward } = await newBeds();
    const again = async (place: string) => (await at.fhir.send("GET", `/${place}`, undefined, { "If-None-Match": 'W/"1"' })).status;
    expect([await again(a), await again(ward)]).toEqual([200, 304]);
    await at.stored(await stay(a));
    expect([await again(a), await shown(a)]).toEqual([200, "O"]);
  });

  it("stay out of use if they are updated with what is shown while they are occupied", async () => {
    const { a } = await newBeds();
    const { reference } = await at.stored(await stay(a));
    const bed = (await at.fhir.get(`/${a}`)).body;
    await put({ ...bed, operationalStatus: { code: "K" } });
    const name = [{ op: "replace", path: "/name", value: "A, by the window" }];
    const patch = () => at.fhir.send("PATCH", `/${a}`, name, { "Content-Type": "application/json-patch+json" });
    expect([(await patch()).status, await shown(a)]).toEqual([200, "O"]);
    await put({ ...(await at.fhir.get(`/${a}`)).body, description: "read, changed and sent back" });
    await put({ ...(await at.fhir.get(`/${reference}`)).body, status: "finished" });
    expect(await shown(a)).toBe("K");
    await put({ ...bed, operationalStatus: { code: "U" } });
    expect(await shown(a)).toBe("U");
  });

  it("are the only places that the action admits and transfers to: no room, no ward", async () => {
    const { ward, room, a } = await newBeds();
    const patient = (await somebody()).reference;
    for (const bed of [ward, room]) {
      await expect(hospitalizations.admit(at.mesh.caller, { patient, bed })).rejects.toEqual(refusal(409, "NOT_A_BED"));
    }
    const { stay: reference } = await hospitalizations.admit(at.mesh.caller, { patient, bed: a });
    await expect(hospitalizations.transfer(at.mesh.caller, { stay: reference, bed: room })).rejects.toEqual(refusal(409, "NOT_A_BED"));
  });

  it("stay on the board if their operationalStatus is removed or changed", async () => {
    const beds = await newBeds();
    const { operationalStatus: _, ...bare } = (await at.fhir.get(`/${beds.a}`)).body;
    await put(bare);
    await put({ ...(await at.fhir.get(`/${beds.b}`)).body, operationalStatus: { code: "O" } });
    expect([await board(beds), await shown(beds.a), await shown(beds.b)]).toEqual([["free", "free"], "U", "U"]);
  });
});
