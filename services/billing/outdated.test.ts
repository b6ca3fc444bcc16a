/** What was billed, and has changed since: it is told to the cash desk until the bill is cancelled or credited, and nothing is told twice. */
import { allRelayed } from "../../test/kit/events.ts";
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import type { Encounter, Stored } from "../../fhir/r4.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import type { Store } from "../../store/store.ts";
import { lab } from "../lab/lab.contract.ts";
import LabService from "../lab/lab.service.ts";
import { pharmacy } from "../pharmacy/pharmacy.contract.ts";
import PharmacyService from "../pharmacy/pharmacy.service.ts";
import { visits } from "../visits/visits.contract.ts";
import VisitsService from "../visits/visits.service.ts";
import { ACT, actOf, chargeForAct, chargeIdOf } from "./acts.model.ts";
import { billing, type Price } from "./billing.contract.ts";
import BillingService from "./billing.service.ts";
import { followedBy, outdatedCharge } from "./outdated.model.ts";

const ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const night: Price = {
  definition: "ChargeItemDefinition/1",
  version: 1,
  code: { system: ACT_CODE, code: "IMP" },
  cents: 100_00,
  currency: "EUR",
};

const stay = (days: number, more: Partial<Encounter> = {}): Encounter => ({
  resourceType: "Encounter",
  id: "1",
  status: "finished",
  class: night.code,
  subject: { reference: "Patient/1" },
  period: { start: "2026-01-01T08:00:00Z", end: `2026-01-0${days + 1}T08:00:00Z` },
  ...more,
});

describe("a stay of three days that was billed", () => {
  const made = chargeForAct("Encounter/1", actOf(stay(3)), night, undefined);
  const item = { ...made, status: "billed", meta: { versionId: "2", lastUpdated: "2026-01-05T00:00:00Z" } } as Stored<
    NonNullable<typeof made>
  >;
  const toldOf = (resource: Encounter | undefined, listed: Price | undefined) =>
    outdatedCharge({ invoice: "Invoice/1", item, reference: "Encounter/1" }, { resource, act: resource && actOf(resource), listed });
  const other = { system: ACT_CODE, code: "ACUTE" };

  it.each([
    ["five days", stay(5), night, { change: "quantity", present: 5, cents: 200_00 }],
    ["one day", stay(1), night, { change: "quantity", present: 1, cents: -200_00 }],
    ["five days, by the price of then", stay(5), { ...night, cents: 1 }, { change: "quantity", present: 5, cents: 200_00 }],
    ["five days, although the price was withdrawn", stay(5), undefined, { change: "quantity", present: 5, cents: 200_00 }],
    ["entered in error", stay(3, { status: "entered-in-error" }), night, { change: "undone", present: 0, cents: -300_00 }],
    ["cancelled", stay(3, { status: "cancelled" }), night, { change: "undone", present: 0, cents: -300_00 }],
    ["deleted", undefined, night, { change: "undone", present: 0, cents: -300_00 }],
    [
      "of another class",
      stay(3, { class: other }),
      { ...night, code: other, cents: 50_00 },
      { change: "other", present: 3, cents: -150_00 },
    ],
    ["of a class without a price", stay(3, { class: other }), undefined, { change: "other", present: 0, cents: -300_00 }],
  ])("is told to be %s", (_, resource, listed, told) => {
    const same = { invoice: "Invoice/1", charge: `ChargeItem/${item.id}`, act: "Encounter/1", text: "IMP", currency: "EUR" };
    expect(toldOf(resource, listed)).toEqual({ ...same, billed: 3, unit: "d", ...told });
  });

  it("is told to go on, or to have a price in another currency, without a difference that nobody knows", () => {
    const on = toldOf(stay(3, { status: "in-progress" }), night);
    expect(on).toMatchObject({ change: "unfinished", billed: 3, present: 0 });
    expect(on).not.toHaveProperty("cents");
    const priced = toldOf(stay(3, { class: other }), { ...night, code: other, currency: "USD" });
    expect(priced).toMatchObject({ change: "other", currency: "EUR" });
    expect(priced).not.toHaveProperty("cents");
  });

  it("is not told while it is as long, also after a merge of records, or a new price", () => {
    expect(toldOf(stay(3), night)).toBeUndefined();
    expect(toldOf(stay(3, { subject: { reference: "Patient/2" } }), night)).toBeUndefined();
    expect(toldOf(stay(3), { ...night, cents: 999_00 })).toBeUndefined();
  });

  it("is followed by its own charge only, not by what a person has charged for it", () => {
    expect(followedBy(item)).toBe("Encounter/1");
    expect(followedBy({ ...item, id: "by-hand" })).toBeUndefined();
    expect(followedBy({ ...item, identifier: [] })).toBeUndefined();
  });
});

describe("what has changed since it was billed", () => {
  const glucose = { system: "http://loinc.org", code: "2339-0" };
  const aspirin = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "1191" };
  let clinic: Clinic;
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(VisitsService, LabService, PharmacyService, BillingService);
    const prices = [
      [{ system: ACT_CODE, code: "AMB" }, 40_00],
      [night.code, 100_00],
      [glucose, 3_50],
      [aspirin, 12],
    ] as const;
    for (const [code, cents] of prices) await billing.setPrice(clinic.caller, { code, cents, currency: "EUR" });
    await pharmacy.receive(clinic.caller, { medication: aspirin, quantity: 10_000 });
  });
  afterAll(() => clinic.stop());

  const write = async (service: string, reference: string, more: object, op: "create" | "update" = "update") => {
    const resource = { ...(op === "update" && (await clinic.read(service, reference))), ...more };
    const [type = "", id = ""] = reference.split("/");
    await ownerOf(service).write(clinic.caller, { steps: [{ op, type, id, text: JSON.stringify(resource), upsert: false } as never] });
  };
  const settled = () => allRelayed(clinic.caller, "visits", "lab", "pharmacy", "billing");
  const told = async (...invoices: string[]) => (await billing.listOutdated(clinic.caller, { invoices })).charges;
  const statusOf = async (charge: string) => (await clinic.read("billing", charge)).status;
  const chargeOf = (act: string) => `ChargeItem/${chargeIdOf(act)}`;

  /** A patient's visit with a result and a dispense of 20 units, billed: 40.00, 3.50 and 2.40. */
  const billedVisit = async () => {
    next += 1;
    const patient = `Patient/${next}`;
    const { visit } = await visits.open(clinic.caller, { patient });
    const { order } = await lab.order(clinic.caller, { patient, encounter: visit, test: glucose });
    const { observation } = await lab.enterResult(clinic.caller, { order, finding: { value: 5, unit: "mmol/L" } });
    const { prescription } = await pharmacy.prescribe(clinic.caller, {
      patient,
      encounter: visit,
      medication: aspirin,
      quantity: 20,
      dosage: "one a day",
    });
    const { dispense } = await pharmacy.dispense(clinic.caller, { prescription, quantity: 20 });
    await visits.close(clinic.caller, { visit });
    await settled();
    const { invoice, cents } = await billing.invoice(clinic.caller, { encounter: visit });
    expect(cents).toBe(45_90);
    return { visit, observation, dispense, invoice };
  };
  /** A stay of three days, billed: 300.00. */
  const billedStay = async () => {
    next += 1;
    const reference = `Encounter/stay-${next}`;
    await write("visits", reference, stay(3, { id: `stay-${next}`, subject: { reference: `Patient/${next}` } }), "create");
    await settled();
    const { invoice, cents } = await billing.invoice(clinic.caller, { encounter: reference });
    expect(cents).toBe(300_00);
    return { reference, invoice };
  };

  it("is nothing at first; then a returned part, and an undone result, until the unpaid bill is cancelled and made again", async () => {
    const { visit, observation, dispense, invoice } = await billedVisit();
    expect(await billing.listOutdated(clinic.caller, { invoices: [invoice] })).toEqual({ charges: [], unknown: [] });
    await pharmacy.return(clinic.caller, { dispense, quantity: 5 });
    await write("lab", observation, { status: "entered-in-error", note: [{ text: "another patient's tube" }] });
    await settled();
    const charges = await told(invoice);
    expect(charges).toHaveLength(2);
    expect(charges).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ charge: chargeOf(dispense), act: dispense, change: "quantity", billed: 20, present: 15, cents: -60 }),
        expect.objectContaining({ charge: chargeOf(observation), act: observation, change: "undone", billed: 1, present: 0, cents: -3_50 }),
      ]),
    );
    expect(await clinic.read("billing", chargeOf(dispense))).toMatchObject({ status: "billed", quantity: { value: 20 } });
    await billing.cancelInvoice(clinic.caller, { invoice, reason: "changed since" });
    await settled();
    expect(await told(invoice)).toEqual([]);
    const again = await billing.invoice(clinic.caller, { encounter: visit });
    expect(again).toMatchObject({ cents: 41_80 });
    expect(await told(again.invoice)).toEqual([]);
  });

  it("is a stay two days longer than what was paid: the payment is taken back, the bill cancelled, and all five days are billed and paid", async () => {
    const { reference, invoice } = await billedStay();
    const { payment } = await billing.pay(clinic.caller, { invoice, cents: 300_00, means: "card", reference: "slip 7" });
    await write("visits", reference, { period: stay(5).period });
    await settled();
    expect(await told(invoice)).toMatchObject([{ act: reference, change: "quantity", billed: 3, present: 5, unit: "d", cents: 200_00 }]);
    const cancel = () => billing.cancelInvoice(clinic.caller, { invoice, reason: "the stay was longer" });
    await expect(cancel()).rejects.toEqual(refusal(409, "INVOICE_PARTLY_PAID"));
    await billing.takeBack(clinic.caller, { payment, reason: "billed anew" });
    expect(await cancel()).toMatchObject({ charges: [chargeOf(reference)] });
    await settled();
    const again = await billing.invoice(clinic.caller, { encounter: reference });
    expect(again).toMatchObject({ cents: 500_00, charges: [chargeOf(reference)] });
    await billing.pay(clinic.caller, { invoice: again.invoice, cents: 300_00, means: "card", reference: "slip 7" });
    expect(await billing.pay(clinic.caller, { invoice: again.invoice, cents: 200_00, means: "cash" })).toMatchObject({ left: 0 });
    expect(await told(invoice, again.invoice)).toEqual([]);
    expect(await statusOf(again.invoice)).toBe("balanced");
    const { payments } = await billing.listPayments(clinic.caller, { invoice });
    expect(payments.map(({ cents }) => cents)).toEqual([300_00, -300_00]);
  });

  it("is a dispense that was paid and then undone, until it is credited and paid back; a credit note that is cancelled is as if there was none", async () => {
    const { dispense, invoice } = await billedVisit();
    await billing.pay(clinic.caller, { invoice, cents: 45_90, means: "cash" });
    await pharmacy.void(clinic.caller, { dispense, reason: "was not handed out" });
    await settled();
    expect(await told(invoice)).toMatchObject([{ act: dispense, change: "undone", billed: 20, cents: -2_40 }]);
    const credit = () => billing.creditNote(clinic.caller, { invoice, charges: [chargeOf(dispense)], reason: "was not handed out" });
    const { creditNote: first } = await credit();
    expect(await told(invoice)).toEqual([]);
    await billing.cancelInvoice(clinic.caller, { invoice: first, reason: "slip" });
    expect(await told(invoice)).toHaveLength(1);
    const { creditNote } = await credit();
    expect(await billing.pay(clinic.caller, { invoice: creditNote, cents: 2_40, means: "cash" })).toMatchObject({ left: 0 });
    expect(await told(invoice, creditNote)).toEqual([]);
    expect(await Promise.all([invoice, creditNote, chargeOf(dispense)].map(statusOf))).toEqual(["balanced", "balanced", "billed"]);
  });

  it("is a visit or stay that goes on after all, until it ends as it was billed", async () => {
    const { reference, invoice } = await billedStay();
    const { period, ...ended } = stay(3);
    await write("visits", reference, {
      status: "in-progress",
      period: { start: period?.start },
      statusHistory: [{ status: "finished", period }],
    });
    await settled();
    expect(await told(invoice)).toMatchObject([{ act: reference, change: "unfinished", billed: 3, present: 0 }]);
    await write("visits", reference, { status: ended.status, period });
    await settled();
    expect(await told(invoice)).toEqual([]);
  });

  it("is a result that was deleted; of one that is not to be found nothing is told", async () => {
    next += 1;
    const subject = { reference: `Patient/${next}` };
    const category = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];
    const result = { resourceType: "Observation", id: "deleted", status: "final", category, code: { coding: [glucose] }, subject };
    await write("lab", "Observation/deleted", result, "create");
    await settled();
    const { invoice } = await billing.invoicePatient(clinic.caller, { patient: subject.reference });
    const { store } = clinic.hosted<{ store: Store }>("lab"); // a hospital without the rules of deletion
    await store.write([{ op: "delete", type: "Observation", id: "deleted" }]);
    await settled();
    expect(await told(invoice)).toMatchObject([{ act: "Observation/deleted", change: "undone", billed: 1, cents: -3_50 }]);

    const { service: _, ...made } = await clinic.read("billing", chargeOf("Observation/deleted"));
    const id = chargeIdOf("Observation/never");
    const never = { ...made, id, status: "billable", identifier: [{ system: ACT, value: "Observation/never" }] };
    await write("billing", `ChargeItem/${id}`, never, "create");
    const other = await billing.invoicePatient(clinic.caller, { patient: subject.reference });
    expect(await billing.listOutdated(clinic.caller, { invoices: [other.invoice] })).toEqual({ charges: [], unknown: [other.invoice] });
  });

  it("is not known of a bill if a service is down; the others are compared", async () => {
    const [visit, long] = [await billedVisit(), await billedStay()];
    await write("visits", long.reference, { period: stay(4).period });
    await pharmacy.return(clinic.caller, { dispense: visit.dispense, quantity: 5 });
    await settled();
    const invoices = [visit.invoice, long.invoice, "Invoice/none"];
    expect(await told(...invoices)).toHaveLength(2);
    const down = clinic.hosted("pharmacy");
    await down.broker.destroyService(down);
    const { charges, unknown } = await billing.listOutdated(clinic.caller, { invoices });
    expect(charges).toMatchObject([{ invoice: long.invoice, change: "quantity", present: 4 }]);
    expect(unknown).toEqual([visit.invoice]);
    await expect(billing.listOutdated(clinic.caller, { invoices: Array(51).fill("Invoice/1") })).rejects.toEqual(
      refusal(422, "VALIDATION_ERROR"),
    );
  });
});
