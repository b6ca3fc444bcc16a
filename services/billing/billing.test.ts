import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import type { ChargeItem } from "../../fhir/r4.ts";
import { parseJson } from "../../fhir/json.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import VisitsService from "../visits/visits.service.ts";
import { visits } from "../visits/visits.contract.ts";
import { billing } from "./billing.contract.ts";
import { newCharge, newInvoice } from "./billing.model.ts";
import BillingService from "./billing.service.ts";

const noon = new Date("2026-01-01T12:00:00Z");

describe("a bill", () => {
  it("adds up to the cent", () => {
    const items = [10, 20, 30].map((cents, index) =>
      newCharge(String(index), { encounter: "Encounter/1", text: "x", cents, currency: "EUR" }, "Patient/1", noon),
    );
    expect(newInvoice("1", { id: "1", status: "finished" }, { items }, noon).bill).toMatchObject({ cents: 60, currency: "EUR" });
  });

  it.each([
    ["12.50", 1_250],
    ["1.005", 101],
    ["-1.005", -101],
    ["4.35", 435],
    ["1e2", 10_000],
    ["0.10, 0.20, 0.30", 60],
    ["1.005, 1.005", 201],
  ])("reads prices as they were written: %s", (prices, cents) => {
    const items = prices.split(", ").map((price, index) => {
      const item = newCharge(String(index), { encounter: "Encounter/1", text: "x", cents: 0, currency: "EUR" }, "Patient/1", noon);
      return { ...item, priceOverride: parseJson(`{"value":${price},"currency":"EUR"}`) } as ChargeItem & { id: string };
    });
    const { bill, invoice } = newInvoice("1", { id: "1", status: "finished" }, { items }, noon);
    expect(bill.cents).toBe(cents);
    const text = JSON.stringify(invoice);
    expect(text).toContain(`"totalNet":{"value":${cents / 100},`);
    expect(text).toContain(`"amount":{"value":${prices.split(", ")[0]},`); // each line to the letter
  });
});

it.each([
  [{ text: "a dressing", coding: [{ code: "D1", display: "Dressing" }] }, "a dressing"],
  [{ coding: [{ code: "D1", display: "Dressing" }] }, "Dressing"],
  [{ coding: [{ code: "D1" }] }, "D1"],
])("a bill says what is charged, also by its code: %j", (code, text) => {
  const charged = newCharge("1", { encounter: "Encounter/1", text: "x", cents: 500, currency: "EUR" }, "Patient/1", noon);
  const { invoice } = newInvoice("1", { id: "1", status: "finished" }, { items: [{ ...charged, code }] }, noon);
  expect(invoice.text?.div).toContain(`<li>${text}: 5 EUR</li>`);
});

describe("billing", () => {
  let clinic: Clinic;
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(VisitsService, BillingService);
  });
  afterAll(() => clinic.stop());

  const newVisit = async () => {
    next += 1;
    return (await visits.open(clinic.caller, { patient: `Patient/${next}` })).visit;
  };
  const charge = (encounter: string, cents: number, currency = "EUR") =>
    billing.charge(clinic.caller, { encounter, text: "consultation", cents, currency });

  it("bills the charges of an ended visit, once", async () => {
    const visit = await newVisit();
    await charge(visit, 4_000);
    await charge(visit, 250);
    await visits.close(clinic.caller, { visit });
    await expect(billing.invoice(clinic.caller, { encounter: visit, cents: 4_000 })).rejects.toEqual(refusal(409, "CHARGES_CHANGED"));
    const bill = await billing.invoice(clinic.caller, { encounter: visit, cents: 4_250 });
    expect(bill).toMatchObject({ cents: 4_250, charges: [expect.stringMatching(/^ChargeItem/), expect.stringMatching(/^ChargeItem/)] });
    expect(await clinic.read("billing", bill.invoice)).toMatchObject({ status: "issued", totalGross: { value: 42.5, currency: "EUR" } });
    await expect(billing.invoice(clinic.caller, { encounter: visit })).rejects.toEqual(refusal(409, "NOTHING_TO_INVOICE"));
  });

  it("bills a charge that came by FHIR with a zero at its end", async () => {
    const visit = await newVisit();
    const text = `{"resourceType":"ChargeItem","status":"billable","code":{"text":"x"},"subject":{"reference":"Patient/${next}"},
      "context":{"reference":"${visit}"},"priceOverride":{"value":12.50,"currency":"EUR"}}`;
    await ownerOf("billing").write(clinic.caller, { steps: [{ op: "create", type: "ChargeItem", id: "by-fhir", text }] });
    await charge(visit, 10);
    await visits.close(clinic.caller, { visit });
    expect(await billing.invoice(clinic.caller, { encounter: visit })).toMatchObject({ cents: 1_260 });
  });

  it("bills all charges of a long stay, 1,000 on a bill, however many are billed already", async () => {
    const visit = await newVisit();
    const many = Array.from({ length: 2_005 }, (_, n) =>
      newCharge(`many-${n}`, { encounter: visit, text: "x", cents: 1, currency: "EUR" }, "", noon),
    );
    const steps = many.map((it) => ({
      op: "create" as const,
      type: "ChargeItem",
      id: it.id,
      text: JSON.stringify({ ...it, subject: { display: "x" } }),
    }));
    await ownerOf("billing").write(clinic.caller, { steps });
    await visits.close(clinic.caller, { visit });
    const bills = [];
    for (let n = 0; n < 3; n += 1) bills.push(await billing.invoice(clinic.caller, { encounter: visit }));
    expect(bills.map(({ cents, left }) => [cents, left])).toEqual([
      [1_000, 1_005],
      [1_000, 5],
      [5, 0],
    ]);
    expect(new Set(bills.flatMap(({ charges }) => charges)).size).toBe(2_005);
    await expect(billing.invoice(clinic.caller, { encounter: visit })).rejects.toEqual(refusal(409, "NOTHING_TO_INVOICE"));
  });

  it("makes one bill when 16 clerks ask for it at the same moment", async () => {
    const visit = await newVisit();
    await charge(visit, 100);
    await visits.close(clinic.caller, { visit });
    const tries = await Promise.allSettled(Array.from({ length: 16 }, () => billing.invoice(clinic.caller, { encounter: visit })));
    expect(tries.filter((it) => it.status === "fulfilled")).toHaveLength(1);
    for (const it of tries) if (it.status === "rejected") expect(["CHARGES_CHANGED", "NOTHING_TO_INVOICE"]).toContain(it.reason.type);
  });

  it("bills what a patient owes outside of visits and stays, and nothing of these, nor of another patient", async () => {
    const visit = await newVisit();
    const patient = `Patient/${next}`;
    await charge(visit, 1_000);
    const owed = async (id: string, of: string, value: number) => {
      const item = { code: { text: "x" }, subject: { reference: of }, priceOverride: { value, currency: "EUR" } };
      const text = JSON.stringify({ resourceType: "ChargeItem", id, status: "billable", ...item });
      await ownerOf("billing").write(clinic.caller, { steps: [{ op: "create", type: "ChargeItem", id, text }] });
    };
    await owed("at-the-counter", patient, 2.5);
    await owed("of-another", "Patient/another", 99);
    const bill = (cents?: number) => billing.invoicePatient(clinic.caller, { patient, ...(cents !== undefined && { cents }) });
    await expect(bill(1_250)).rejects.toMatchObject({ code: 409, type: "CHARGES_CHANGED", data: { patient } });
    const made = await bill(250);
    expect(made).toMatchObject({ patient, cents: 250, charges: ["ChargeItem/at-the-counter"], left: 0 });
    expect(made).not.toHaveProperty("encounter");
    expect(await clinic.read("billing", made.invoice)).toMatchObject({ status: "issued", subject: { reference: patient } });
    await expect(bill()).rejects.toMatchObject({ code: 409, type: "NOTHING_TO_INVOICE", data: { patient } });
    await visits.close(clinic.caller, { visit });
    expect(await billing.invoice(clinic.caller, { encounter: visit })).toMatchObject({ encounter: visit, cents: 1_000 });
  });

  it("bills what was noted for a visit that was cancelled, but not for one that was entered in error", async () => {
    const [cancelled, wrong] = [await newVisit(), await newVisit()];
    for (const visit of [cancelled, wrong]) await charge(visit, 1_500);
    await visits.cancel(clinic.caller, { visit: cancelled, reason: "the patient did not wait" });
    const text = JSON.stringify({ ...(await clinic.read("visits", wrong)), status: "entered-in-error" });
    const id = wrong.slice("Encounter/".length);
    await ownerOf("visits").write(clinic.caller, { steps: [{ op: "update", type: "Encounter", id, text, upsert: false }] });
    expect(await billing.invoice(clinic.caller, { encounter: cancelled })).toMatchObject({ cents: 1_500 });
    await expect(billing.invoice(clinic.caller, { encounter: wrong })).rejects.toEqual(refusal(409, "ENCOUNTER_NOT_ENDED"));
  });

  it("names the charges without a price or a currency, which FHIR does not require, until they have one", async () => {
    const visit = await newVisit();
    const subject = { reference: `Patient/${next}` };
    const item = { resourceType: "ChargeItem", status: "billable", code: { text: "x" }, subject, context: { reference: visit } };
    const write = (id: string, priceOverride: object | undefined, op: "create" | "update" = "create") =>
      ownerOf("billing").write(clinic.caller, {
        steps: [{ op, type: "ChargeItem", id, text: JSON.stringify({ ...item, id, priceOverride }), upsert: false } as never],
      });
    await charge(visit, 100);
    await write("no-price", undefined);
    await write("no-currency", { value: 3 });
    await visits.close(clinic.caller, { visit });
    const bill = (of: Promise<unknown>) => of.catch(({ code, type, data }) => ({ code, type, charges: data.charges.toSorted() }));
    expect(await bill(billing.invoice(clinic.caller, { encounter: visit }))).toEqual({
      code: 409,
      type: "PRICE_MISSING",
      charges: ["ChargeItem/no-currency", "ChargeItem/no-price"],
    });
    await write("no-price", { value: 0, currency: "EUR" }, "update");
    await write("no-currency", { value: 3, currency: "EUR" }, "update");
    expect(await billing.invoice(clinic.caller, { encounter: visit })).toMatchObject({ cents: 400 });
  });

  it("refuses to bill before the end, in two currencies, and what there is not", async () => {
    const visit = await newVisit();
    await charge(visit, 100);
    await expect(billing.invoice(clinic.caller, { encounter: visit })).rejects.toEqual(refusal(409, "ENCOUNTER_NOT_ENDED"));
    await charge(visit, 100, "CHF");
    await visits.close(clinic.caller, { visit });
    await expect(billing.invoice(clinic.caller, { encounter: visit })).rejects.toEqual(refusal(409, "SEVERAL_CURRENCIES"));
    await expect(charge("Encounter/none", 1)).rejects.toEqual(refusal(404, "NOT_FOUND"));
  });

  const billed = async (...cents: number[]) => {
    const visit = await newVisit();
    const charges = [];
    for (const one of cents) charges.push((await charge(visit, one)).charge);
    await visits.close(clinic.caller, { visit });
    return { visit, ...(await billing.invoice(clinic.caller, { encounter: visit })), charges };
  };

  it("takes a bill back: its charges are open again, and billed once again", async () => {
    const { visit, invoice, charges } = await billed(4_000, 250);
    const cancel = (of: string) => billing.cancelInvoice(clinic.caller, { invoice: of, reason: "wrong insurer" });
    expect(await cancel(invoice)).toMatchObject({ invoice, version: 2, charges: expect.arrayContaining(charges) });
    expect(await clinic.read("billing", invoice)).toMatchObject({ status: "cancelled", cancelledReason: "wrong insurer" });
    expect(await clinic.read("billing", charges[0] ?? "")).toMatchObject({ status: "billable" });
    await expect(cancel(invoice)).rejects.toEqual(refusal(409, "INVOICE_NOT_IN_FORCE"));
    await expect(cancel("Invoice/none")).rejects.toEqual(refusal(404, "INVOICE_NOT_FOUND"));
    expect(await billing.invoice(clinic.caller, { encounter: visit })).toMatchObject({ cents: 4_250 });
  });

  it("credits charges of a bill, each once, and leaves the bill as it was issued", async () => {
    const { visit, invoice, charges } = await billed(4_000, 250);
    const [first = "", second = ""] = charges;
    const credit = (more: object) => billing.creditNote(clinic.caller, { invoice, reason: "not done", ...more });
    const note = await credit({ charges: [second] });
    expect(note).toMatchObject({ invoice, cents: 250, currency: "EUR", charges: [second] });
    expect(await clinic.read("billing", note.creditNote)).toMatchObject({
      status: "balanced", // set off: nothing of the bill was paid
      totalNet: { value: -2.5, currency: "EUR" },
      extension: [{ valueReference: { reference: invoice } }],
      note: [{ text: "not done" }],
    });
    expect(await clinic.read("billing", invoice)).toMatchObject({ status: "issued", totalNet: { value: 42.5 } });
    expect(await clinic.read("billing", second)).toMatchObject({ status: "billed" });
    await expect(credit({})).rejects.toEqual(refusal(409, "CHARGE_CREDITED"));
    const credited = async (of: string) => (await billing.listPayments(clinic.caller, { invoice: of })).creditedCharges;
    expect(await Promise.all([invoice, note.creditNote].map(credited))).toEqual([[second], []]);
    const { charges: others } = await billed(100);
    await expect(credit({ charges: others })).rejects.toEqual(refusal(409, "NOT_ON_INVOICE"));
    await expect(credit({ invoice: "Invoice/none" })).rejects.toEqual(refusal(404, "INVOICE_NOT_FOUND"));
    await expect(credit({ invoice: note.creditNote })).rejects.toEqual(refusal(409, "INVOICE_NOT_IN_FORCE"));
    const cancel = (of: string) => billing.cancelInvoice(clinic.caller, { invoice: of, reason: "slip" });
    await expect(cancel(invoice)).rejects.toEqual(refusal(409, "INVOICE_CREDITED"));
    // A credit note that is taken back frees no charge.
    expect(await cancel(note.creditNote)).toMatchObject({ charges: [] });
    expect(await clinic.read("billing", second)).toMatchObject({ status: "billed" });
    expect(await credited(invoice)).toEqual([]);
    expect(await credit({ charges: [first] })).toMatchObject({ cents: 4_000 });
    await expect(billing.invoice(clinic.caller, { encounter: visit })).rejects.toEqual(refusal(409, "NOTHING_TO_INVOICE"));
    const { invoice: free } = await billed(0);
    await expect(credit({ invoice: free })).rejects.toEqual(refusal(409, "NOTHING_TO_CREDIT"));
  });

  it("credits a charge once when 16 clerks do it at the same moment, or cancels the bill", async () => {
    const { invoice } = await billed(100);
    const tries = await Promise.allSettled(
      Array.from({ length: 16 }, (_, n) =>
        n % 2 === 0
          ? billing.creditNote(clinic.caller, { invoice, reason: "x" })
          : billing.cancelInvoice(clinic.caller, { invoice, reason: "x" }),
      ),
    );
    expect(tries.filter((it) => it.status === "fulfilled")).toHaveLength(1);
    const lost = ["INVOICE_CHANGED", "INVOICE_NOT_IN_FORCE", "INVOICE_CREDITED", "CHARGE_CREDITED"];
    for (const it of tries) if (it.status === "rejected") expect(lost).toContain(it.reason.type);
  });

  it("notes a charge afterwards, not before its visit", async () => {
    const at = new Date(Date.now() - 3_600_000).toISOString();
    const visit = await visits.open(clinic.caller, { patient: "Patient/late", at });
    const note = (minutes: number) => {
      const when = new Date(Date.parse(at) + minutes * 60_000).toISOString();
      return billing.charge(clinic.caller, { encounter: visit.visit, text: "x", cents: 1, currency: "EUR", at: when });
    };
    await expect(note(-1)).rejects.toEqual(refusal(409, "AT_TOO_EARLY"));
    const { charge: item } = await note(30);
    expect(await clinic.read("billing", item)).toHaveProperty("occurrenceDateTime", new Date(Date.parse(at) + 1_800_000).toISOString());
  });
});
