/** `npm run check-data`: each thing that cannot be is found in what is stored, beside a running system, and nothing where all is well. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readConfig } from "../mesh/config.ts";
import { wards } from "../services/wards/wards.contract.ts";
import { billing } from "../services/billing/billing.contract.ts";
import { hospitalizations } from "../services/hospitalizations/hospitalizations.contract.ts";
import { patients } from "../services/patients/patients.contract.ts";
import { pharmacy } from "../services/pharmacy/pharmacy.contract.ts";
import { type FhirHttp, fhirAt } from "../test/kit/fhir-http.ts";
import { type Mesh, startMesh } from "../test/kit/mesh.ts";
import type { CheckReport } from "./check-data/findings.ts";
import { checkData } from "./check-data/check.ts";
import { closeAll, openSources } from "./check-data/owner-stores.ts";

const SERVICES = ["api", "transactions", "patients", "wards", "visits", "hospitalizations", "lab", "pharmacy", "billing"];
const ASPIRIN = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "243670" };

let mesh: Mesh;
let fhir: FhirHttp;

beforeAll(async () => {
  // What rules refuse must get in before it can be found: by a version without them, by a restore, by a hand in the database.
  mesh = await startMesh({ services: SERVICES, nats: false, split: "broker", env: { RULES: NO_RULE } });
  fhir = fhirAt(mesh.base);
});
afterAll(() => mesh?.stop());

/** No rule applies, but unlike with `RULES=off` what is written has its effects and its unique keys. */
const NO_RULE = ["status", "subject", "references", "values", "beds", "stock", "money", "deletion"]
  .map((group) => `${group}:off`)
  .join(",");

/** What is wrong now, the clocks of two nodes may differ, so what was just written counts as under way. */
async function check(rules = ""): Promise<CheckReport> {
  const config = readConfig({ DATA_DIR: mesh.dataDir, SERVICES: SERVICES.join(","), RULES: rules, ACCESS: "open" });
  const sources = await openSources(config);
  try {
    return await checkData(sources, { rules: config.rules, clocksMs: 0 });
  } finally {
    await closeAll(sources);
  }
}

async function store(resource: object): Promise<string> {
  const { status, body } = await fhir.create(resource);
  expect(status).toBe(201);
  return `${body.resourceType}/${body.id}`;
}
const change = async (reference: string, more: object) => {
  const { body } = await fhir.get(`/${reference}`);
  expect((await fhir.send("PUT", `/${reference}`, { ...body, ...more })).status).toBe(200);
};
const somebody = () => store({ resourceType: "Patient" });
const order = (patient: string, more: object = {}) =>
  store({ resourceType: "ServiceRequest", status: "active", intent: "order", subject: { reference: patient }, ...more });
const stay = async (bed: string) => hospitalizations.admit(mesh.caller, { patient: await somebody(), bed });
const twoBeds = async (name: string) => {
  const { rooms } = await wards.open(mesh.caller, { name, rooms: [{ name: "1", beds: ["A", "B"] }] });
  return rooms.flatMap(({ beds }) => beds.map(({ location }) => location)) as [string, string];
};
/** A hand in a service's database. */
function inDatabase(service: string, statement: string, ...values: (string | number)[]): void {
  const db = new DatabaseSync(join(mesh.dataDir, `${service}.sqlite`), { timeout: 5_000 });
  db.prepare(statement).run(...values);
  db.close();
}
const idOf = (reference: string) => reference.slice(reference.indexOf("/") + 1);

/** What the check says more after something has happened. */
async function newIn(happens: () => Promise<void>): Promise<{ invariant: string; resources: string[]; detail: string }[]> {
  const before = new Set((await check()).findings.map(({ detail }) => detail));
  await happens();
  return (await check()).findings.filter(({ detail }) => !before.has(detail));
}

describe("check-data", () => {
  it("finds nothing in consistent data, whatever has happened", async () => {
    const [bed, other] = await twoBeds("Cardiology");
    const { stay: reference, patient } = await stay(bed);
    await hospitalizations.transfer(mesh.caller, { stay: reference, bed: other });
    await pharmacy.receive(mesh.caller, { medication: ASPIRIN, quantity: 10 });
    const asked = { patient, encounter: reference, medication: ASPIRIN, quantity: 4, dosage: "1 a day" };
    const { prescription } = await pharmacy.prescribe(mesh.caller, asked);
    const { dispense } = await pharmacy.dispense(mesh.caller, { prescription, quantity: 4 });
    await pharmacy.return(mesh.caller, { dispense, quantity: 1.5 });
    await pharmacy.adjust(mesh.caller, { medication: ASPIRIN, by: -1, reason: "broken" });
    const lot = { medication: ASPIRIN, lot: "A 1/2", expires: "2040-02" };
    await pharmacy.receive(mesh.caller, { ...lot, quantity: 5 });
    await pharmacy.transfer(mesh.caller, { medication: ASPIRIN, lot: "A 1/2", quantity: 3, to: bed });
    const again = await pharmacy.prescribe(mesh.caller, asked);
    const fromWard = await pharmacy.dispense(mesh.caller, { prescription: again.prescription, quantity: 2, place: bed, lot: "A 1/2" });
    await pharmacy.return(mesh.caller, { dispense: fromWard.dispense, quantity: 1 });
    await pharmacy.blockLot(mesh.caller, { medication: ASPIRIN, lot: "A 1/2", reason: "recalled" });
    const named = { reference: (await pharmacy.prescribe(mesh.caller, asked)).prescription };
    const twiceNamed = { status: "completed", medicationCodeableConcept: { text: "x" }, authorizingPrescription: [named, named] };
    await store({ resourceType: "MedicationDispense", ...twiceNamed, subject: { reference: patient }, quantity: { value: 1 } });
    await billing.charge(mesh.caller, { encounter: reference, text: "A night", cents: 5_000, currency: "EUR" });
    await hospitalizations.discharge(mesh.caller, { stay: reference });
    const { invoice } = await billing.invoice(mesh.caller, { encounter: reference });
    await billing.cancelInvoice(mesh.caller, { invoice, reason: "wrong address" });
    const { invoice: second } = await billing.invoice(mesh.caller, { encounter: reference });
    const pay = (cents: number) => billing.pay(mesh.caller, { invoice: second, cents, means: "cash" });
    const { payment } = await pay(2_000);
    await billing.takeBack(mesh.caller, { payment, reason: "another patient's" });
    await pay(5_000);
    const { creditNote } = await billing.creditNote(mesh.caller, { invoice: second, reason: "too much" });
    await billing.pay(mesh.caller, { invoice: creditNote, cents: 5_000, means: "transfer" });
    const { findings, resources } = await check();
    expect(findings).toEqual([]);
    expect(resources).toBeGreaterThan(10);
  });

  it("finds a payment that is not counted", async () => {
    const invoice = await store({ resourceType: "Invoice", status: "issued", totalNet: { value: 20, currency: "EUR" } });
    await billing.pay(mesh.caller, { invoice, cents: 500, means: "card" });
    const found = await newIn(async () =>
      inDatabase("billing", "UPDATE counter SET value = value + 500 WHERE name = ?", `paid/${idOf(invoice)}`),
    );
    expect(found).toHaveLength(1);
    inDatabase("billing", "UPDATE counter SET value = value - 500 WHERE name = ?", `paid/${idOf(invoice)}`);
  });

  it("finds an act whose references do not exist, unless RULES permits it", async () => {
    const vain = await newIn(async () => {
      await order("Patient/nobody");
    });
    expect(vain).toEqual([expect.objectContaining({ invariant: "service-request-references" })]);
    expect((await check("references:off")).counts["service-request-references"]).toBeUndefined();
  });

  it("finds an act of two patients", async () => {
    const [ada, bruno] = [await somebody(), await somebody()];
    const based = await order(ada);
    const found = await newIn(async () => {
      await order(bruno, { basedOn: [{ reference: based }] });
    });
    expect(found).toEqual([expect.objectContaining({ invariant: "service-request-one-patient" })]);
  });

  it("finds an impossible change of status, and an act whose patient was changed", async () => {
    const reference = await order(await somebody(), { status: "completed" });
    expect(await newIn(() => change(reference, { status: "active" }))).toEqual([
      expect.objectContaining({ invariant: "service-request-status", resources: [reference] }),
    ]);
    const other = await somebody();
    expect(await newIn(() => change(reference, { subject: { reference: other } }))).toEqual([
      expect.objectContaining({ invariant: "service-request-subject", resources: [reference] }),
    ]);
  });

  it("finds two patients in one bed, and one in a closed bed", async () => {
    const [a, b] = await twoBeds("Surgery");
    const [first, second] = [await stay(a), await stay(b)];
    const twice = await newIn(async () => {
      // Not by FHIR: unique keys hold without rules too.
      const sql = "UPDATE resource SET json = replace(json, ?, ?) WHERE id = ?";
      inDatabase("hospitalizations", sql, idOf(b), idOf(a), idOf(second.stay));
    });
    expect(twice).toEqual([
      expect.objectContaining({ invariant: "unique-key", resources: expect.arrayContaining([first.stay, second.stay]) }),
      expect.objectContaining({ invariant: "unique-key-ghost", detail: expect.stringContaining(b), resources: [second.stay] }),
    ]);
    const closed = await newIn(() => change(a, { status: "inactive" }));
    expect(closed.map(({ invariant }) => invariant)).toEqual(["stay-bed-in-use", "stay-bed-in-use"]);
  });

  it("finds a patient in a bed of a closed ward, and a ward that is part of its room", async () => {
    const { location, rooms } = await wards.open(mesh.caller, { name: "Geriatrics", rooms: [{ name: "1", beds: ["A"] }] });
    const { stay: inside } = await stay(rooms[0]?.beds[0]?.location as string);
    expect(await newIn(() => change(location, { status: "inactive" }))).toEqual([
      expect.objectContaining({ invariant: "stay-bed-in-use", resources: [inside] }),
    ]);
    const found = await newIn(() => change(location, { status: "active", partOf: { reference: rooms[0]?.location } }));
    expect(found.map(({ invariant, resources }) => [invariant, resources[0]])).toContainEqual(["location-part-of", location]);
  });

  it("finds a stock that differs from its movements, and also a day's", async () => {
    await pharmacy.receive(mesh.caller, { medication: { ...ASPIRIN, code: "1" }, quantity: 10 });
    const found = await newIn(async () => {
      inDatabase("pharmacy", "UPDATE counter SET value = value + 2 WHERE name LIKE 'stock/%|1'");
    });
    expect(found.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/\|1 is 12; the stored resources add up to 10$/),
      expect.stringMatching(/\|1 is 12; its parts add up to 10$/),
    ]);
  });

  it("finds a lot that differs from its movements", async () => {
    await pharmacy.receive(mesh.caller, { medication: { ...ASPIRIN, code: "2" }, quantity: 10, lot: "L" });
    const found = await newIn(async () => {
      inDatabase("pharmacy", "UPDATE counter SET value = value + 2 WHERE name LIKE 'lots/%2/%/L'");
    });
    expect(found.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/L is 12; the stored resources add up to 10$/),
      expect.stringMatching(/L is 12; its parts add up to 10$/),
    ]);
  });

  it("finds a charge on two invoices, and one on an invoice that does not bill it", async () => {
    const patient = await somebody();
    const charge = await store({ resourceType: "ChargeItem", status: "billable", code: { text: "Cast" }, subject: { reference: patient } });
    const lineItem = [{ chargeItemReference: { reference: charge } }];
    const invoice = await store({ resourceType: "Invoice", status: "issued", subject: { reference: patient }, lineItem });
    const second = await store({ resourceType: "Invoice", status: "draft", subject: { reference: patient }, lineItem });
    expect((await check()).counts["billing-counterpart"]).toBeUndefined();
    const twice = await newIn(async () => {
      inDatabase("billing", `UPDATE resource SET json = replace(json, '"draft"', '"issued"') WHERE id = ?`, idOf(second));
    });
    expect(twice).toEqual([expect.objectContaining({ invariant: "unique-key", resources: expect.arrayContaining([invoice, second]) })]);
    const free = await newIn(async () => {
      inDatabase("billing", `UPDATE resource SET json = replace(json, '"billed"', '"billable"') WHERE id = ?`, idOf(charge));
    });
    const detail = expect.stringContaining("there is none");
    expect(free).toEqual([expect.objectContaining({ invariant: "billing-counterpart", detail }), expect.objectContaining({ detail })]);
  });

  it.each([
    ["breaks off", `substr(json, 1, 40)`, "cannot be read: its text is no JSON"],
    ["is another's", `replace(json, id, 'another')`, "says that it is ServiceRequest/another"],
    ["is null", `'null'`, "says that it is of no type/without id"],
    ["is a number", `'5'`, "says that it is of no type/without id"],
    ["has a text for its subject", `json_set(json, '$.subject', 'x')`, "cannot be read: ServiceRequest.subject is not as R4 has it"],
    ["has null among its references", `json_set(json, '$.basedOn', json('[null]'))`, "cannot be read: ServiceRequest.basedOn[0] is not"],
    [
      "has a number for its subject's reference",
      `json_set(json, '$.subject.reference', 5)`,
      "cannot be read: ServiceRequest.subject.reference is not",
    ],
    ["has null for its subject", `json_set(json, '$.subject', json('null'))`, "cannot be read: ServiceRequest.subject is not"],
    ["is of another type", `replace(json, 'ServiceRequest', 'Patient')`, "says that it is Patient/"],
  ])("finds a resource whose text %s, and goes on", async (_, text, fault) => {
    const reference = await order(await somebody());
    const own = (await fhir.get(`/${reference}`)).text;
    const told = await newIn(async () => {
      inDatabase("lab", `UPDATE resource SET json = ${text} WHERE id = ?`, idOf(reference));
      await order("Patient/nobody-at-all");
    });
    expect(told).toEqual([
      expect.objectContaining({ invariant: "content", detail: expect.stringContaining(`${reference} ${fault}`), resources: [reference] }),
      expect.objectContaining({ invariant: "service-request-references" }),
    ]);
    inDatabase("lab", "UPDATE resource SET json = ? WHERE id = ?", own, idOf(reference));
  });

  it("finds an earlier version whose text is truncated", async () => {
    const reference = await order(await somebody());
    await change(reference, { status: "on-hold" });
    const told = await newIn(async () => inDatabase("lab", "UPDATE history SET json = substr(json, 1, 40) WHERE id = ?", idOf(reference)));
    expect(told).toEqual([expect.objectContaining({ invariant: "content", detail: expect.stringContaining("version 1 cannot be read") })]);
    inDatabase("lab", "DELETE FROM history WHERE id = ?", idOf(reference));
  });

  it("finds a free bed that cannot be assigned, as an ended stay holds its key", async () => {
    const [a] = await twoBeds("For nobody");
    const { stay: over } = await stay(a);
    await hospitalizations.discharge(mesh.caller, { stay: over });
    const told = await newIn(async () => {
      inDatabase("hospitalizations", "INSERT INTO held SELECT ?, seq FROM resource WHERE id = ?", `bed:${a}`, idOf(over));
    });
    const detail = expect.stringContaining(`${over} wrongly holds the key bed:${a}`);
    expect(told).toEqual([expect.objectContaining({ invariant: "unique-key-ghost", detail, resources: [over] })]);
    await change(over, { language: "fr" });
    const left = (await check()).findings.filter(
      ({ invariant, resources }) => invariant === "unique-key-ghost" && resources.includes(over),
    );
    expect(left).toEqual([]);
  });

  it("reports once a stay that cannot be read, as it is unknown whether it holds its bed", async () => {
    const [a] = await twoBeds("Of whom");
    const { stay: lying } = await stay(a);
    const own = (await fhir.get(`/${lying}`)).text;
    const told = await newIn(async () => {
      inDatabase("hospitalizations", "UPDATE resource SET json = substr(json, 1, 40) WHERE id = ?", idOf(lying));
    });
    expect(told).toEqual([expect.objectContaining({ invariant: "content", resources: [lying] })]);
    inDatabase("hospitalizations", "UPDATE resource SET json = ? WHERE id = ?", own, idOf(lying));
  });

  it("finds a bed whose key another stay holds, and a patient in two beds", async () => {
    const [a, b] = await twoBeds("In wrong hands");
    const [{ stay: one }, beds] = [await stay(a), await twoBeds("Both beds")];
    const { stay: wide } = await stay(b);
    const other = await store({ resourceType: "Encounter", status: "finished", class: { code: "IMP" } });
    const told = await newIn(async () => {
      const seq = "(SELECT seq FROM resource WHERE id = ?)";
      inDatabase("hospitalizations", `UPDATE held SET seq = ${seq} WHERE key = ?`, idOf(other), `bed:${a}`);
    });
    const detail = expect.stringContaining(`${one} should hold the key bed:${a}, but ${other} holds it`);
    expect(told).toEqual([expect.objectContaining({ invariant: "unique-key-held", detail, resources: [one, other] })]);
    const twice = await newIn(async () => {
      const location = beds.map((reference) => ({ status: "active", location: { reference } }));
      await change(wide, { location });
    });
    expect(twice).toEqual([expect.objectContaining({ invariant: "encounter-one-bed", resources: [wide] })]);
  });

  it("finds a missing version", async () => {
    const reference = await order(await somebody());
    await change(reference, { status: "on-hold" });
    await change(reference, { status: "active" });
    const found = await newIn(async () => inDatabase("lab", "DELETE FROM history WHERE id = ? AND version = 2", idOf(reference)));
    expect(found).toEqual([expect.objectContaining({ invariant: "history", resources: [reference] })]);
  });

  it("finds resources of types that have another owner now", async () => {
    const told = await newIn(async () => {
      inDatabase("visits", "INSERT INTO type (name, living) VALUES (?, 2)", "Flag");
    });
    expect(told).toEqual([
      {
        invariant: "visits-owns",
        detail: "the store of visits contains 2 resources of type Flag, which visits does not own: they are not shown",
        resources: [],
      },
    ]);
    inDatabase("visits", "DELETE FROM type WHERE name = ?", "Flag");
  });

  it("counts separately what was written during the check", async () => {
    await order("Patient/nobody-yet");
    const config = readConfig({ DATA_DIR: mesh.dataDir, SERVICES: SERVICES.join(","), ACCESS: "open" });
    const sources = await openSources(config);
    const report = await checkData(sources, { rules: config.rules, clocksMs: 60_000 }).finally(() => closeAll(sources));
    expect(report.unsettled).toBeGreaterThan(0);
    expect(report.findings.map(({ detail }) => detail).join()).not.toContain("nobody-yet");
  });
});

it.each([
  ["ServiceRequest", "subject", { status: "active", intent: "order" }],
  ["SupplyDelivery", "patient", { status: "in-progress" }],
  ["Claim", "patient", { status: "draft", use: "claim", created: "2026-01-05", type: { text: "x" }, priority: { text: "normal" } }],
] as const)(
  "check-data takes no %s for another patient's that was edited between a merge and its undoing",
  async (resourceType, element, more) => {
    const [source, target] = [await somebody(), await somebody()];
    const claim = { provider: { display: "x" }, insurance: [{ sequence: 1, focal: true, coverage: { display: "x" } }] };
    const own = { resourceType, ...more, ...(resourceType === "Claim" && claim), [element]: { reference: source } };
    const reference = await store(own);
    const told = await newIn(async () => {
      await patients.merge(mesh.caller, { source, target });
      await change(reference, { language: "en" });
      await patients.unmerge(mesh.caller, { source });
    });
    expect((await fhir.get(`/${reference}`)).body[element]).toEqual({ reference: target });
    expect(told).toEqual([]);
  },
);
