/** Whose bed it is, among Encounters of two owners: stays, and those who are in the house without one. */
import { randomUUID } from "node:crypto";
import { readConfig } from "../../mesh/config.ts";
import { checkData } from "../../scripts/check-data/check.ts";
import { closeAll, openSources } from "../../scripts/check-data/owner-stores.ts";
import { hospitalizations, INPATIENT } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import type { Store } from "../../store/store.ts";
import { refusal } from "../kit/clinic.ts";
import { rulesTable } from "../kit/rules-table.ts";

const AMBULATORY = ["AMB", "EMER", "HH", "VR"];

rulesTable("a bed and who is in it", ["wards", "visits", "hospitalizations"], (at) => {
  let next = 0;
  const newBed = async () => {
    next += 1;
    const ward = await wards.open(at.mesh.caller, { name: `Ward ${next}`, rooms: [{ name: "1", beds: ["A"] }] });
    const [room] = ward.rooms;
    return { ward: ward.location, room: room?.location ?? "", bed: room?.beds[0]?.location ?? "" };
  };
  const somebody = () => at.stored({ resourceType: "Patient" });
  const encounter = async (code: string, place: string, more: object = {}) => ({
    resourceType: "Encounter",
    status: "in-progress",
    class: { code },
    subject: await somebody(),
    location: [{ location: { reference: place }, status: "active" }],
    ...more,
  });
  const taken = async () => {
    const places = await newBed();
    const subject = await somebody();
    const { reference } = await at.stored(await encounter("IMP", places.bed, { subject }));
    return { ...places, subject, stay: reference };
  };
  const as = { status: 409, expression: "Encounter.location.location" };

  it("say what is unique, by which element, and in which entry of a bundle, as rules do", async () => {
    const { bed: a, room } = await newBed();
    const { bed: b } = await newBed();
    const lying = await encounter("IMP", a);
    await at.stored(lying);
    const bed = {
      resourceType: "Location",
      name: "A",
      physicalType: (await at.fhir.get(`/${a}`)).body.physicalType,
      partOf: { reference: room },
    };
    const visit = { ...lying, location: undefined, class: { code: "AMB" } };
    await at.stored(visit);
    const identifier = [{ use: "official", system: "urn:national", value: `n${next}` }];
    await at.stored({ resourceType: "Patient", identifier });
    const doubled: [resource: { resourceType: string }, type: string, at: string][] = [
      [await encounter("IMP", a), "BED_OCCUPIED", "Encounter.location.location"],
      [
        { ...lying, location: [{ status: "active", location: { reference: b } }] } as { resourceType: string },
        "PATIENT_ALREADY_ADMITTED",
        "Encounter.subject",
      ],
      [visit, "VISIT_ALREADY_OPEN", "Encounter.subject"],
      [bed, "BED_NAME_TAKEN", "Location.name"],
      [{ resourceType: "Patient", identifier } as { resourceType: string }, "PATIENT_ALREADY_REGISTERED", "Patient.identifier"],
    ];
    for (const [resource, type, path] of doubled) {
      const told = (expression: string) => ({
        status: 409,
        body: {
          issue: [{ code: "business-rule", details: { coding: [{ system: "urn:openward:error", code: type }] }, expression: [expression] }],
        },
      });
      expect(await at.fhir.create(resource)).toMatchObject(told(path));
      const entry = [{ resourceType: "Basic", code: { text: "x" } }, resource].map((one) => ({
        resource: one,
        request: { method: "POST", url: one.resourceType },
      }));
      const inBundle = path.replace(/^\w+/, "Bundle.entry[1].resource");
      expect(await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).toMatchObject(told(inBundle));
    }
  });

  it("have one name each in a room, those of another system too, which does not name the room with it", async () => {
    const { room, bed: a } = await newBed();
    const bed = (name: string, more: object = {}) =>
      at.fhir.create({ resourceType: "Location", name, partOf: { reference: room }, ...more });
    const kind = { physicalType: (await at.fhir.get(`/${a}`)).body.physicalType };
    const byStatus = { operationalStatus: { system: "http://terminology.hl7.org/CodeSystem/v2-0116", code: "U" } };
    for (const more of [kind, byStatus]) {
      expect(await bed("A", more)).toMatchObject({ status: 409, body: { issue: [{ code: "business-rule" }] } });
    }
    expect((await bed("C", byStatus)).status).toBe(201);
    expect((await bed("c ", kind)).status).toBe(409);
    expect((await bed("A", {})).status).toBe(201); // a corner of the room, no bed
  });

  at.refuses("encounter-bed-of-one", "an emergency in a bed in which a stay lies", {
    create: async () => encounter("EMER", (await taken()).bed),
    insteadOf: async () => encounter("EMER", (await newBed()).bed),
    as,
  });
  at.refuses("encounter-bed-of-one", "a visit to go on in a bed in which a stay lies", {
    stored: async () => encounter("AMB", (await newBed()).bed, { status: "planned" }),
    under: async ({ location }) => {
      const [{ location: place }] = location as [{ location: { reference: string } }];
      return at.stored(await encounter("IMP", place.reference));
    },
    change: (it) => ({ ...it, status: "in-progress" }),
    instead: (it) => ({ ...it, status: "in-progress", location: [{ ...(it.location as object[])[0], status: "completed" }] }),
    as,
  });

  at.refuses("encounter-bed-of-one", "an emergency on the trolley of another", {
    create: async () => {
      const { bed } = await newBed();
      await at.stored(await encounter("EMER", bed));
      return encounter("EMER", bed);
    },
    insteadOf: async () => encounter("EMER", (await newBed()).bed),
    as,
  });

  const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

  it.each(AMBULATORY)("is one visit's place, whatever the class (%s), until that ends", async (code) => {
    const { bed } = await newBed();
    const { reference } = await at.stored(await encounter(code, bed));
    for (const other of AMBULATORY) expect(await at.fhir.create(await encounter(other, bed))).toMatchObject({ status: 409 });
    const { body } = await at.fhir.get(`/${reference}`);
    expect(await at.fhir.send("PUT", `/${reference}`, { ...body, status: "finished" })).toMatchObject({ status: 200 });
    expect(await at.fhir.create(await encounter(code, bed))).toMatchObject({ status: 201 });
  });

  it("is not occupied by a visit that was left open for a day, which can be closed as any other", async () => {
    const { bed } = await newBed();
    const since = (hours: number) => ({
      location: [{ location: { reference: bed }, status: "active", period: { start: ago(hours) } }],
      period: { start: ago(40) },
    });
    const { reference } = await at.stored(await encounter("EMER", bed, { period: { start: ago(25) } }));
    const { reference: second } = await at.stored(await encounter("EMER", bed, since(23))); // moved there from elsewhere
    expect(await at.fhir.create(await encounter("IMP", bed))).toMatchObject({ status: 409 });
    const { body: own } = await at.fhir.get(`/${second}`);
    expect(await at.fhir.send("PUT", `/${second}`, { ...own, ...since(25) })).toMatchObject({ status: 200 });
    await at.stored(await encounter("IMP", bed));
    const { body } = await at.fhir.get(`/${reference}`);
    expect(await at.fhir.send("PUT", `/${reference}`, { ...body, status: "finished" })).toMatchObject({ status: 200 });
  });

  it("is distinguished from a place without a type: a whole hospital, as other systems send it", async () => {
    const { reference: house } = await at.stored({ resourceType: "Location", name: "General Hospital" });
    await at.stored(await encounter("IMP", house));
    for (const code of AMBULATORY) expect(await at.fhir.create(await encounter(code, house))).toMatchObject({ status: 201 });
  });

  it.each(AMBULATORY)("is nobody else's place, whatever the class (%s), and whichever comes first", async (code) => {
    for (const stay of INPATIENT) {
      const { bed } = await newBed();
      await at.stored(await encounter(stay, bed));
      expect(await at.fhir.create(await encounter(code, bed))).toMatchObject({ status: 409 });
      const { bed: other } = await newBed();
      await at.stored(await encounter(code, other));
      const late = await at.fhir.create(await encounter(stay, other));
      expect(late).toMatchObject({ status: 409, body: { issue: [{ code: "business-rule" }] } });
      expect(late.text).toContain("RULE_ENCOUNTER_BED_OF_ONE");
    }
  });

  it("may be named by the patient's own visit, as a past or planned place, and after its end; a room by all", async () => {
    const { bed, room, ward, subject } = await taken();
    await at.stored(await encounter("EMER", bed, { subject }));
    for (const status of ["completed", "planned", "reserved"]) {
      await at.stored(await encounter("EMER", bed, { location: [{ location: { reference: bed }, status }] }));
    }
    await at.stored(await encounter("EMER", bed, { status: "finished" }));
    for (const place of [room, ward]) await at.stored(await encounter("AMB", place));
  });

  it("is the same however it is spelt, and refused by the action that admits", async () => {
    const { bed } = await taken();
    for (const place of [`${bed}/_history/1`, `${at.mesh.base}/fhir/${bed}`]) {
      expect(await at.fhir.create(await encounter("EMER", place))).toMatchObject({ status: 409 });
    }
    const { bed: other } = await newBed();
    await at.stored(await encounter("EMER", other));
    const patient = (await somebody()).reference;
    const refused = refusal(409, "RULE_ENCOUNTER_BED_OF_ONE");
    await expect(hospitalizations.admit(at.mesh.caller, { patient, bed: other })).rejects.toEqual(refused);
  });

  it("is free for an emergency in the transaction that discharges its patient", async () => {
    const { bed, stay } = await taken();
    const { body } = await at.fhir.get(`/${stay}`);
    const coming = { resource: await encounter("EMER", bed), request: { method: "POST", url: "Encounter" } };
    const going = { resource: { ...body, status: "finished" }, request: { method: "PUT", url: stay } };
    const send = (...entry: object[]) => at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
    expect(await send(coming)).toMatchObject({ status: 409 });
    expect(await send(coming, going)).toMatchObject({ status: 200 });
  });

  it("keeps its patient if a visit becomes a stay there", async () => {
    const { bed } = await newBed();
    const subject = await somebody();
    const { reference } = await at.stored(await encounter("EMER", bed, { subject }));
    const { body } = await at.fhir.get(`/${reference}`);
    expect(await at.fhir.send("PUT", `/${reference}`, { ...body, class: { code: "IMP" } })).toMatchObject({ status: 200 });
    expect(await at.fhir.create(await encounter("EMER", bed))).toMatchObject({ status: 409 });
  });

  it("is occupied during a visit: on the board, in the list of beds, at its Location; and no longer after its end, or if it was forgotten", async () => {
    const { ward, bed } = await newBed();
    const seen = async () => {
      const [board, [listed], found, { body }] = await Promise.all([
        wards.board(at.mesh.caller, { ward }),
        wards.listBeds(at.mesh.caller, { ward }),
        wards.findBeds(at.mesh.caller, { ward }),
        at.fhir.get(`/${bed}`),
      ]);
      const [shown] = board.wards[0]?.rooms[0]?.beds ?? [];
      expect(shown).not.toHaveProperty("stay");
      return { board: shown?.status, listed: listed?.status, found: found.length, location: body.operationalStatus.code };
    };
    const [free, taken] = [
      { board: "free", listed: "free", found: 1, location: "U" },
      { board: "taken", listed: "taken", found: 0, location: "O" },
    ];
    expect(await seen()).toEqual(free);
    const { reference } = await at.stored(await encounter("EMER", bed));
    expect(await seen()).toEqual(taken);
    const { body } = await at.fhir.get(`/${reference}`);
    await at.fhir.send("PUT", `/${reference}`, { ...body, period: { start: ago(25) } });
    expect(await seen()).toEqual(free);
    await at.fhir.send("PUT", `/${reference}`, { ...body, period: { start: ago(1) } });
    expect(await seen()).toEqual(taken);
    await at.fhir.send("PUT", `/${reference}`, { ...body, status: "finished" });
    expect(await seen()).toEqual(free);
  });

  it("updates its board when a visit comes or leaves; a consulting room is on no board", async () => {
    const { ward, bed } = await newBed();
    const { reference: room } = await at.stored({ resourceType: "Location", name: "Consulting room" });
    const changes = async (reference: string) => {
      const resource = reference.slice("Encounter/".length);
      return wards.locate(at.mesh.caller, { touched: [{ id: randomUUID(), type: "Encounter", resource, version: 1 }] });
    };
    const { reference } = await at.stored(await encounter("EMER", bed));
    expect(await changes(reference)).toEqual({ isAll: false, wards: [{ ward, beds: [bed] }] });
    const { body } = await at.fhir.get(`/${reference}`);
    await at.fhir.send("PUT", `/${reference}`, { ...body, location: [{ location: { reference: room }, status: "active" }] });
    expect(await changes(reference)).toEqual({ isAll: false, wards: [{ ward, beds: [bed] }] });
    const { reference: visit } = await at.stored(await encounter("AMB", room));
    expect(await changes(visit)).toEqual({ isAll: false, wards: [] });
  });

  it.each([
    ["a stay and an emergency", "hospitalizations", "IMP", "stay"],
    ["two emergencies", "visits", "EMER", "later"],
  ])("is told by check-data where %s came in the same moment", async (_, owner, code, isTold) => {
    const { bed } = await newBed();
    const { store } = at.mesh.caller.getLocalService(owner) as unknown as { store: Store };
    const search = store.search.bind(store);
    let late: string | undefined;
    const stay = await encounter(code, bed);
    // Who lies there has been answered, and the emergency is not stored yet.
    store.search = async (query) => {
      const answer = await search(query);
      if (late === undefined) {
        late = "";
        late = (await at.stored(stay)).reference;
        for (const stored = Date.now(); Date.now() === stored; ) await new Promise(setImmediate); // which of them came later
      }
      return answer;
    };
    const { status, body } = await at.fhir.create(await encounter("EMER", bed)).finally(() => Object.assign(store, { search }));
    expect(status).toBe(201);
    const config = readConfig({ ...at.mesh.settings, SERVICES: "patients,wards,visits,hospitalizations" });
    const sources = await openSources(config);
    const { findings } = await checkData(sources, { rules: config.rules, clocksMs: 0 }).finally(() => closeAll(sources));
    const told = findings.filter(({ invariant }) => invariant === "encounter-bed-of-one");
    const [one, other] = isTold === "stay" ? [late, `Encounter/${body.id}`] : [`Encounter/${body.id}`, late];
    expect(told.filter(({ resources }) => resources.includes(one as string))).toEqual([
      expect.objectContaining({ resources: [one], detail: expect.stringContaining(other as string) }),
    ]);
    expect(told.filter(({ resources }) => resources.includes(other as string))).toEqual([]);
  });
});
