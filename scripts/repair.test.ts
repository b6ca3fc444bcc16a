/** `npm run check-data -- --repair`: what has a right answer is put right through the rules, when somebody says yes; the rest is for people. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readConfig } from "../mesh/config.ts";
import { billing } from "../services/billing/billing.contract.ts";
import { hospitalizations } from "../services/hospitalizations/hospitalizations.contract.ts";
import { pharmacy } from "../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../services/visits/visits.contract.ts";
import { wards } from "../services/wards/wards.contract.ts";
import { type FhirHttp, fhirAt } from "../test/kit/fhir-http.ts";
import { type Mesh, startMesh } from "../test/kit/mesh.ts";
import { checkData } from "./check-data/check.ts";
import type { CheckReport } from "./check-data/findings.ts";
import { putter } from "./check-data/repair/by-fhir.ts";
import { type Repaired, repair } from "./check-data/repair/repair.ts";
import { closeAll, openSources } from "./check-data/owner-stores.ts";

const SERVICES = ["api", "transactions", "patients", "wards", "visits", "hospitalizations", "lab", "records", "pharmacy", "billing"];
const ASPIRIN = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "243670" };

describe("check-data --repair", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  let patient: string;
  beforeAll(async () => {
    mesh = await startMesh({ services: SERVICES, nats: false, split: "broker" });
    fhir = fhirAt(mesh.base);
    patient = await store({ resourceType: "Patient" });
  });
  afterAll(() => mesh?.stop());

  async function store(resource: object): Promise<string> {
    const { status, body, text } = await fhir.create(resource);
    if (status !== 201) throw new Error(text);
    return `${body.resourceType}/${body.id}`;
  }
  const read = async (reference: string) => (await fhir.get(`/${reference}`)).body;
  const idOf = (reference: string) => reference.slice(reference.indexOf("/") + 1);
  /** A hand in a service's database. */
  function inDatabase(service: string, statement: string, ...values: string[]): void {
    const db = new DatabaseSync(join(mesh.dataDir, `${service}.sqlite`), { timeout: 5_000 });
    db.prepare(statement).run(...values);
    db.close();
  }
  const replaced = (service: string, reference: string, from: string, to: string) =>
    inDatabase(service, "UPDATE resource SET json = replace(json, ?, ?) WHERE id = ?", from, to, idOf(reference));

  /** Repairs what is wrong now, and looks again. */
  async function repaired(
    answer: boolean | undefined,
  ): Promise<{ before: CheckReport; after: CheckReport; told: string; counts: Repaired }> {
    const config = readConfig({ DATA_DIR: mesh.dataDir, SERVICES: SERVICES.join(","), ACCESS: "open" });
    const sources = await openSources(config);
    const options = { rules: config.rules, clocksMs: 0 };
    try {
      const told: string[] = [];
      const before = await checkData(sources, options);
      const counts = await repair([...before.findings, ...before.doubts], sources, {
        ...(answer !== undefined && { ask: () => Promise.resolve(answer) }),
        tell: (line) => told.push(line),
        put: putter(`${mesh.base}/fhir`),
      });
      return { before, after: await checkData(sources, options), told: told.join("\n"), counts };
    } finally {
      await closeAll(sources);
    }
  }

  const charged = () => store({ resourceType: "ChargeItem", status: "billable", code: { text: "Cast" }, subject: { reference: patient } });

  it.each([
    [
      "a charge on an Invoice that is not billed",
      async () => {
        const charge = await charged();
        const lineItem = [{ chargeItemReference: { reference: charge } }];
        await store({ resourceType: "Invoice", status: "issued", subject: { reference: patient }, lineItem });
        replaced("billing", charge, '"billed"', '"billable"');
        return charge;
      },
      { status: "billed" },
    ],
    [
      "an order of a visit that is not here",
      async () => {
        const { visit } = await visits.open(mesh.caller, { patient });
        const order = { resourceType: "ServiceRequest", status: "active", intent: "order", subject: { reference: patient } };
        const reference = await store({ ...order, encounter: { reference: visit } });
        await visits.cancel(mesh.caller, { visit, reason: "left" });
        replaced("lab", reference, visit, "Encounter/lost");
        return reference;
      },
      { encounter: { display: "Encounter/lost (not here)" } },
    ],
    [
      "a stay that does not hold its bed",
      async () => {
        const { rooms } = await wards.open(mesh.caller, { name: `Ward ${Math.random()}`, rooms: [{ name: "1", beds: ["A"] }] });
        const bed = rooms[0]?.beds[0]?.location as string;
        const { stay } = await hospitalizations.admit(mesh.caller, { patient: await store({ resourceType: "Patient" }), bed });
        inDatabase("hospitalizations", "DELETE FROM held WHERE seq = (SELECT seq FROM resource WHERE id = ?)", idOf(stay));
        return stay;
      },
      { status: "in-progress" },
    ],
    [
      "a stay in a bed that is not here",
      async () => {
        const { rooms } = await wards.open(mesh.caller, { name: `Ward ${Math.random()}`, rooms: [{ name: "1", beds: ["A"] }] });
        const bed = rooms[0]?.beds[0]?.location as string;
        const { stay } = await hospitalizations.admit(mesh.caller, { patient: await store({ resourceType: "Patient" }), bed });
        replaced("hospitalizations", stay, bed, "Location/lost");
        return stay;
      },
      { location: [expect.objectContaining({ location: { display: "Location/lost (not here)" } })] },
    ],
    [
      "a slot that is free though an appointment fills it",
      async () => {
        const [start, end] = ["2999-01-01T09:00:00Z", "2999-01-01T09:20:00Z"];
        const slot = await store({ resourceType: "Slot", status: "free", start, end, schedule: { display: "X-ray" } });
        const participant = [{ actor: { reference: patient }, status: "accepted" }];
        await store({ resourceType: "Appointment", status: "booked", start, end, slot: [{ reference: slot }], participant });
        replaced("visits", slot, '"busy"', '"free"');
        return slot;
      },
      { status: "busy" },
    ],
    [
      "a prescription that is active though all of it was dispensed",
      async () => {
        const given = { medicationCodeableConcept: { text: "x" }, subject: { reference: patient } };
        const asked = { intent: "order", dispenseRequest: { quantity: { value: 2 } }, ...given };
        const prescription = await store({ resourceType: "MedicationRequest", status: "active", ...asked });
        const by = { authorizingPrescription: [{ reference: prescription }], quantity: { value: 2 } };
        await store({ resourceType: "MedicationDispense", status: "completed", ...by, ...given });
        replaced("pharmacy", prescription, '"completed"', '"active"');
        return prescription;
      },
      { status: "completed" },
    ],
    [
      "a final result whose codes are of LOINC and UCUM, but by other spellings of their addresses",
      async () => {
        const code = { coding: [{ system: "http://loinc.org", code: "718-7" }] };
        const valueQuantity = { value: 12, system: "http://unitsofmeasure.org", code: "g/dL" };
        const category = [{ coding: [{ code: "laboratory" }] }];
        const final = { status: "final", subject: { reference: patient }, category, code, valueQuantity };
        const result = await store({ resourceType: "Observation", ...final });
        replaced("lab", result, "http://loinc.org", "https://loinc.org/");
        replaced("lab", result, "http://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8");
        return result;
      },
      {
        status: "final",
        code: { coding: [{ system: "http://loinc.org", code: "718-7" }] },
        valueQuantity: { value: 12, system: "http://unitsofmeasure.org", code: "g/dL" },
      },
    ],
  ])("puts %s right, and nothing is wrong any more; without a yes nothing is written", async (_, make, expected) => {
    const reference = await make();
    const broken = await read(reference);
    const proposed = await repaired(undefined);
    expect(proposed.told).toContain("  proposed repair: ");
    const { counts: refused } = await repaired(false);
    expect(refused).toMatchObject({ done: 0, refused: 0, undecided: 0 });
    expect(refused.declined).toBeGreaterThan(0);
    expect(await read(reference)).toEqual(broken);
    const { before, after, counts } = await repaired(true);
    expect(before.findings).toHaveLength(refused.declined);
    expect(counts).toEqual({ done: 1, refused: 0, declined: 0, undecided: 0 });
    expect(after.findings).toEqual([]);
    const now = await read(reference);
    expect(now).toMatchObject(expected);
    expect(Number(now.meta.versionId)).toBe(Number(broken.meta.versionId) + 1);
  });

  it("reports a charge that is on no Invoice as a question, as it may be billed elsewhere", async () => {
    const charge = await store({ resourceType: "ChargeItem", status: "billed", code: { text: "Cast" }, subject: { reference: patient } });
    const { before, after, counts } = await repaired(true);
    expect([before.findings, before.doubtful, after.doubtful]).toEqual([[], 1, 0]);
    expect(counts).toMatchObject({ done: 1 });
    expect(await read(charge)).toMatchObject({ status: "billable" });
  });

  it("sets a counter to what is stored, unless the counter has moved meanwhile", async () => {
    await pharmacy.receive(mesh.caller, { medication: ASPIRIN, quantity: 10, lot: "L" });
    inDatabase("pharmacy", "UPDATE counter SET value = value + 2 WHERE name LIKE 'lots/%/L'");
    const { before, after, counts } = await repaired(true);
    expect(before.findings).toHaveLength(2); // the shelf, and its days
    expect(counts).toMatchObject({ done: 1, undecided: 1 });
    expect(after.findings).toEqual([]);
    expect(await pharmacy.listStock(mesh.caller, { medication: `${ASPIRIN.system}|${ASPIRIN.code}` })).toMatchObject([{ quantity: 10 }]);
  });

  it("sets a stock and its days to what was taken without the rules, and leaves to people what was never there", async () => {
    const medication = { ...ASPIRIN, code: "taken-without-rules" };
    const level = `${medication.system}|${medication.code}`;
    await pharmacy.receive(mesh.caller, { medication, quantity: 10 });
    const taken = await store({
      resourceType: "MedicationDispense",
      status: "completed",
      medicationCodeableConcept: { coding: [medication] },
      subject: { reference: patient },
      quantity: { value: 4 },
    });
    // As if the dispense had been stored with RULES=off.
    inDatabase("pharmacy", `UPDATE counter SET value = 10 WHERE name = 'stock/${level}' OR name LIKE 'moved/stock/${level}/%'`);
    const { before, after, counts } = await repaired(true);
    expect([before.findings.length, counts.done, after.findings]).toEqual([1, 1, []]);
    expect(await pharmacy.listStock(mesh.caller, { medication: level })).toMatchObject([{ quantity: 6 }]);
    replaced("pharmacy", taken, '"quantity":{"value":4}', '"quantity":{"value":14}');
    replaced("pharmacy", taken, '"valueDecimal":4', '"valueDecimal":14');
    const { told, counts: none } = await repaired(true);
    expect(none).toMatchObject({ done: 0, undecided: 1 });
    expect(told).toContain("to decide: More was taken than has arrived: record the delivery that is missing");
    await pharmacy.receive(mesh.caller, { medication, quantity: 4 });
    expect((await repaired(true)).after.findings).toEqual([]);
    expect(await pharmacy.listStock(mesh.caller, { medication: level })).toMatchObject([{ quantity: 0 }]);
  });

  it("leaves to people whose an order is, and what a final report rests on", async () => {
    const { visit } = await visits.open(mesh.caller, { patient });
    const result = { resourceType: "DiagnosticReport", status: "final", code: { text: "Blood count" }, subject: { reference: patient } };
    const final = await store({ ...result, encounter: { reference: visit } });
    replaced("lab", final, visit, "Encounter/lost");
    const lost = await store({ resourceType: "ServiceRequest", status: "active", intent: "order", subject: { reference: patient } });
    replaced("lab", lost, patient, "Patient/lost");
    const { told, after, counts } = await repaired(true);
    expect(counts).toEqual({ done: 0, refused: 0, declined: 0, undecided: 2 });
    expect(told).not.toContain("proposed repair"); // of the report: it is final
    expect(told).toContain("to decide: Store the missing resource again under its id");
    expect(after.findings).toHaveLength(2);
    replaced("lab", final, "Encounter/lost", visit);
    replaced("lab", lost, "Patient/lost", patient);
  });

  it("leaves to people what was signed", async () => {
    const own = await store({ resourceType: "Patient" });
    const { visit } = await visits.open(mesh.caller, { patient: own });
    const asked = {
      intent: "order",
      medicationCodeableConcept: { text: "x" },
      subject: { reference: own },
      encounter: { reference: visit },
    };
    const prescription = await store({ resourceType: "MedicationRequest", status: "active", ...asked });
    const type = [{ system: "urn:iso-astm:E1762-95:2013", code: "1.2.840.10065.1.12.1.1" }];
    const signature = [{ type, when: "2026-01-01T00:00:00Z", who: { display: "Dr. X" }, sigFormat: "application/jose", data: "eA==" }];
    const target = [{ reference: prescription }];
    await store({
      resourceType: "Provenance",
      target,
      recorded: "2026-01-01T00:00:00Z",
      agent: [{ who: { display: "Dr. X" } }],
      signature,
    });
    replaced("pharmacy", prescription, visit, "Encounter/lost");
    const { told, counts } = await repaired(true);
    expect(counts).toEqual({ done: 0, refused: 0, declined: 0, undecided: 1 });
    expect(told).not.toContain("proposed repair");
    replaced("pharmacy", prescription, "Encounter/lost", visit);
  });

  it("is refused for what has been changed meanwhile", async () => {
    const charge = await charged();
    const put = putter(`${mesh.base}/fhir`);
    const old = await read(charge);
    await fhir.send("PUT", `/${charge}`, { ...old, note: [{ text: "seen" }] });
    const asked = { finding: { invariant: "x", detail: "", resources: [] }, does: "", reference: charge, version: 1, next: old };
    expect(await put(asked)).toMatch(/^412 /);
  });

  it("finds nothing to repair in consistent data", async () => {
    const { visit } = await visits.open(mesh.caller, { patient: await store({ resourceType: "Patient" }) });
    await billing.charge(mesh.caller, { encounter: visit, text: "A night", cents: 5_000, currency: "EUR" });
    await visits.close(mesh.caller, { visit });
    await billing.invoice(mesh.caller, { encounter: visit });
    expect((await repaired(true)).counts).toEqual({ done: 0, refused: 0, declined: 0, undecided: 0 });
  });
});
