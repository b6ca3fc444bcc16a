import { createHash } from "node:crypto";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import type { Caller } from "../../mesh/caller.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/**
 * As many as a busy front desk never sees: all at the same moment, over NATS, at two replicas of each service. MongoDB's stand-in carries out
 * one command at a time, 15 times slower than SQLite here: as many would be a test of how long it keeps them waiting.
 */
const COMERS = { sqlite: 64, mongo: process.env["MONGO_URL"] ? 64 : 24 };
const RACERS = ["patients", "wards", "hospitalizations", "pharmacy"];

describe.each(["sqlite", "mongo"] as const)("many at the same moment, over NATS, two replicas of each service, on %s", (store) => {
  const many = COMERS[store];
  let mesh: Mesh;
  let fhir: FhirHttp;
  let caller: Caller;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", ...RACERS],
      replicas: Object.fromEntries(RACERS.map((name) => [name, 2])),
      store,
    });
    fhir = fhirAt(mesh.base);
    caller = mesh.caller as unknown as Caller;
  });
  afterAll(() => mesh?.stop());

  const all = <Result>(work: (index: number) => Promise<Result>) => Promise.all(Array.from({ length: many }, (_, index) => work(index)));
  const settled = <Result>(work: (index: number) => Promise<Result>) =>
    Promise.allSettled(Array.from({ length: many }, (_, index) => work(index)));
  const statuses = (answers: { status: number }[]) => {
    const counts: Record<number, number> = {};
    for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };
  /** A name that sounds like nobody else's: who is alike is registered one after the other. */
  const nameOf = (value: string) =>
    [...createHash("sha256").update(value).digest().subarray(0, 5)].map((byte) => `${"bdfjklmnrstz"[byte % 12]}a`).join("");
  const register = async (value: string) =>
    (
      await patients.register(caller, {
        family: nameOf(value),
        given: [nameOf(`given ${value}`)],
        gender: "female",
        identifier: { system: "urn:race", value },
      })
    ).patient;

  it("conditional creates create one", async () => {
    const resource = { resourceType: "Patient", identifier: [{ system: "urn:race", value: "conditional" }] };
    const answers = await all(() => fhir.create(resource, { "If-None-Exist": "identifier=urn:race|conditional" }));
    expect(statuses(answers)).toEqual({ 200: many - 1, 201: 1 });
    expect(new Set(answers.map((it) => it.body.id)).size).toBe(1);
    expect((await fhir.get("/Patient?identifier=urn:race|conditional&_summary=count")).body.total).toBe(1);
  });

  it("two desks that register one person under different numbers: one is told of the other", async () => {
    // The second desk writes the name as it sounds, or in the other script, or takes day and month for one another.
    const records = [
      { family: "Khelifi", given: ["Mohamed"], day: "03-04" },
      { family: "Khelify", given: ["Muhamed"], day: "03-04" },
      { family: "خليفي", given: ["محمد"], day: "03-04" },
      { family: "Khelifi", given: ["Mohamed"], day: "04-03" },
    ];
    for (let n = 0; n < many / 2; n += 1) {
      const tries = await Promise.allSettled(
        [records[0], records[1 + (n % 3)]].map((record) => {
          const { day, ...names } = record as (typeof records)[number];
          const known = { birthDate: `${1900 + n}-${day}`, gender: "male" as const, phone: `0550 ${100_000 + n}` };
          return patients.register(caller, { ...names, ...known });
        }),
      );
      const refused = tries.flatMap((it) => (it.status === "rejected" ? [it.reason] : []));
      expect([n, refused]).toEqual([n, [expect.objectContaining({ code: 409, type: "POSSIBLE_DUPLICATE" })]]);
    }
  });

  it("admissions to one bed: one succeeds", async () => {
    const ward = await wards.open(caller, { name: "Race", rooms: [{ name: "room 1", beds: ["A"] }] });
    const bed = ward.rooms[0]?.beds[0]?.location as string;
    const comers = await all((index) => register(`comer-${index}`));
    const tries = await settled((index) => hospitalizations.admit(caller, { patient: comers[index] as string, bed }, { timeout: 30_000 }));
    expect(tries.filter((it) => it.status === "fulfilled")).toHaveLength(1);
    for (const it of tries) if (it.status === "rejected") expect(it.reason).toMatchObject({ code: 409, type: "BED_OCCUPIED" });
    expect((await fhir.get("/Encounter?class=IMP&_summary=count")).body.total).toBe(1);
    expect(await wards.listBeds(caller, {})).toMatchObject([{ status: "taken" }]);
  });

  it("swaps of two patients, with admissions to their beds: each bed has one", async () => {
    const ward = await wards.open(caller, { name: "Swap", rooms: [{ name: "room 1", beds: ["A", "B"] }] });
    const beds = ward.rooms[0]?.beds.map(({ location }) => location) as [string, string];
    const stays = await Promise.all(
      beds.map(async (bed, index) => (await hospitalizations.admit(caller, { patient: await register(`swap-${index}`), bed })).stay),
    );
    const comer = await register("swap-comer");
    const [stay = "", other = ""] = stays;
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) =>
        index % 2 === 0
          ? hospitalizations.swap(caller, { stay, with: other }, { timeout: 30_000 })
          : hospitalizations.admit(caller, { patient: comer, bed: beds[index % 4 === 1 ? 0 : 1] }, { timeout: 30_000 }),
      ),
    );
    expect(tries.some((it, index) => index % 2 === 0 && it.status === "fulfilled")).toBe(true);
    for (const [index, it] of tries.entries()) {
      if (it.status === "fulfilled") expect(index % 2).toBe(0);
      else expect((it.reason as { type: string }).type).toMatch(/^(STAY_CHANGED|BED_OCCUPIED|LOCKED)$/);
    }
    const { body } = await fhir.get(`/Encounter?class=IMP&status=in-progress&location=${beds.join(",")}`);
    const places = body.entry.map(({ resource }: { resource: { location: { status: string; location: { reference: string } }[] } }) =>
      resource.location.filter(({ status }) => status === "active").map(({ location }) => location.reference),
    );
    expect(places.flat().sort()).toEqual([...beds].sort());
  });

  it("dispenses of the last ten units: ten succeed", async () => {
    const medication = { system: "urn:rx", code: "race" };
    await pharmacy.receive(caller, { medication, quantity: 10 });
    const { prescription } = await pharmacy.prescribe(caller, {
      patient: await register("dispensed"),
      medication,
      quantity: many,
      dosage: "1",
    });
    const tries = await settled(() => pharmacy.dispense(caller, { prescription, quantity: 1 }, { timeout: 30_000 }));
    expect(tries.filter((it) => it.status === "fulfilled")).toHaveLength(10);
    for (const it of tries) if (it.status === "rejected") expect(it.reason).toMatchObject({ code: 409, type: "OUT_OF_STOCK" });
    expect((await fhir.get("/MedicationDispense?_summary=count")).body.total).toBe(10);
    expect(await pharmacy.listStock(caller, {})).toEqual([{ medication, quantity: 0 }]);
  });

  it("updates of one version: one succeeds", async () => {
    const { body } = await fhir.create({ resourceType: "Patient", active: true });
    const answers = await all((index) =>
      fhir.send("PUT", `/Patient/${body.id}`, { ...body, birthDate: `19${10 + index}` }, { "If-Match": 'W/"1"' }),
    );
    expect(statuses(answers)).toEqual({ 200: 1, 412: many - 1 });
    expect((await fhir.get(`/Patient/${body.id}/_history`)).body.total).toBe(2);
  });

  it("the deletion of a free bed without a version is carried out although others change it", async () => {
    const bed = { resourceType: "Location", id: "free", status: "active", operationalStatus: { code: "U" } };
    await fhir.send("PUT", "/Location/free", bed);
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        index % 8 === 7 ? fhir.send("DELETE", "/Location/free") : fhir.send("PUT", "/Location/free", { ...bed, description: `${index}` }),
      ),
    );
    for (const { status } of answers) expect([200, 201, 204]).toContain(status);
  });

  it("paging misses and repeats no unchanged resource while others are created and deleted", async () => {
    const tag = { tag: [{ system: "urn:race", code: "walk" }] };
    const newcomer = () => fhir.create({ resourceType: "Patient", meta: tag });
    const staying = new Set<string>();
    const leaving: string[] = [];
    for (let index = 0; index < 60; index += 1) {
      const { body } = await newcomer();
      if (index % 3 === 0) leaving.push(body.id);
      else staying.add(body.id);
    }
    const seen: string[] = [];
    let next: string | undefined = "/Patient?_tag=urn:race|walk&_count=7";
    while (next) {
      const { body } = await fhir.get(next);
      for (const entry of body.entry ?? []) seen.push(entry.resource.id);
      next = body.link.find((link: { relation: string }) => link.relation === "next")?.url;
      const gone = leaving.pop();
      await Promise.all([newcomer(), gone === undefined ? undefined : fhir.send("DELETE", `/Patient/${gone}`)]);
      if (seen.length > 500) break; // newcomers join at the end: it need not end by itself, but it does not run away
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => staying.has(id))).toHaveLength(staying.size);
  });
});
