/** What is paid of a bill: in parts, by any means, taken back, and summed up for the day. */
import { type Clinic, refusal, startClinic } from "../../../test/kit/clinic.ts";
import { useTimeZone } from "../../../fhir/time-zone.ts";
import VisitsService from "../../visits/visits.service.ts";
import { visits } from "../../visits/visits.contract.ts";
import { billing } from "../billing.contract.ts";
import BillingService from "../billing.service.ts";
import { cashReport, newPayment, paymentOf } from "./payment.model.ts";

const noon = new Date("2026-01-01T12:00:00Z");

describe("the cash desk's day", () => {
  const paid = (id: string, more: Partial<Parameters<typeof newPayment>[1]>) =>
    newPayment(
      id,
      {
        invoice: "Invoice/1",
        cents: 1_000,
        currency: "EUR",
        means: "cash",
        cashier: { reference: "Practitioner/1", name: "Ada" },
        number: id,
        ...more,
      },
      noon,
    );

  it("sums up by cashier, means and currency, and takes off what was taken back", () => {
    const bea = { name: "Bea" };
    const { sums, payments } = cashReport("2026-01-01", [
      paid("1", {}),
      paid("2", { cents: 250 }),
      paid("3", { cents: -250, takesBack: { payment: "PaymentReconciliation/2", reason: "wrong bill" } }),
      paid("4", { means: "card", cents: 4_000 }),
      paid("5", { means: "cash", cents: 1_250, currency: "TND" }),
      paid("6", { cashier: bea, cents: -300 }),
      paid("7", { cashier: undefined, means: "insurance" }),
    ]);
    expect(sums).toEqual([
      { means: "insurance", currency: "EUR", count: 1, takenBack: 0, cents: 1_000 },
      { cashier: bea, means: "cash", currency: "EUR", count: 1, takenBack: 0, cents: -300 },
      { cashier: { reference: "Practitioner/1", name: "Ada" }, means: "card", currency: "EUR", count: 1, takenBack: 0, cents: 4_000 },
      { cashier: { reference: "Practitioner/1", name: "Ada" }, means: "cash", currency: "EUR", count: 2, takenBack: 1, cents: 1_000 },
      { cashier: { reference: "Practitioner/1", name: "Ada" }, means: "cash", currency: "TND", count: 1, takenBack: 0, cents: 1_250 },
    ]);
    expect(payments[2]).toMatchObject({ takesBack: "PaymentReconciliation/2", reason: "wrong bill", cents: -250 });
  });

  it("is the day of the hospital's clocks, and money is as FHIR has it", () => {
    useTimeZone("Africa/Algiers");
    const late = newPayment(
      "1",
      {
        invoice: "Invoice/1",
        cents: 1_250,
        currency: "TND",
        means: "card",
        reference: "slip 7",
        cashier: undefined,
        number: "2026-000001",
      },
      new Date("2026-01-01T23:30:00Z"),
    );
    useTimeZone("UTC");
    expect(late).toMatchObject({
      paymentDate: "2026-01-02",
      paymentAmount: { value: 1.25, currency: "TND" },
      paymentIdentifier: { value: "slip 7" },
    });
    expect(paymentOf(late)).toEqual({
      payment: "PaymentReconciliation/1",
      number: "2026-000001",
      invoice: "Invoice/1",
      cents: 1_250,
      currency: "TND",
      means: "card",
      reference: "slip 7",
      paidAt: "2026-01-01T23:30:00.000Z",
    });
  });
});

describe("a bill", () => {
  let clinic: Clinic;
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(VisitsService, BillingService);
  });
  afterAll(() => clinic.stop());

  const newBill = async (cents = 10_000) => {
    next += 1;
    const { visit } = await visits.open(clinic.caller, { patient: `Patient/${next}` });
    await billing.charge(clinic.caller, { encounter: visit, text: "consultation", cents, currency: "EUR" });
    await visits.close(clinic.caller, { visit });
    return (await billing.invoice(clinic.caller, { encounter: visit })).invoice;
  };
  const pay = (invoice: string, cents: number, means: "cash" | "card" | "insurance" = "cash") =>
    billing.pay(clinic.caller, { invoice, cents, means });
  const statusOf = async (reference: string) => ((await clinic.read("billing", reference)) as { status: string }).status;

  it("is paid in parts, by several means, and balanced when nothing is left", async () => {
    const invoice = await newBill();
    expect(await pay(invoice, 7_000, "insurance")).toMatchObject({ cents: 7_000, left: 3_000, means: "insurance" });
    expect(await statusOf(invoice)).toBe("issued");
    await expect(pay(invoice, 3_001)).rejects.toMatchObject({ code: 409, type: "PAID_TOO_MUCH", data: { left: 3_000 } });
    const last = await pay(invoice, 3_000);
    expect(last).toMatchObject({ left: 0, number: expect.stringMatching(/^\d{4}-\d{6}$/) });
    expect(await statusOf(invoice)).toBe("balanced");
    await expect(pay(invoice, 1)).rejects.toEqual(refusal(409, "INVOICE_PAID"));
    const { payments, left, cents } = await billing.listPayments(clinic.caller, { invoice });
    expect([payments.map((one) => one.means), left, cents]).toEqual([["insurance", "cash"], 0, 10_000]);
    expect(new Set(payments.map(({ number }) => number)).size).toBe(2);
  });

  it("is to be paid again when a payment is taken back, which is done once and with its reason", async () => {
    const invoice = await newBill();
    const { payment } = await pay(invoice, 10_000);
    const back = await billing.takeBack(clinic.caller, { payment, reason: "another patient's bill" });
    expect(back).toMatchObject({ cents: -10_000, left: 10_000, takesBack: payment, reason: "another patient's bill" });
    expect(await statusOf(invoice)).toBe("issued");
    await expect(billing.takeBack(clinic.caller, { payment, reason: "again" })).rejects.toEqual(refusal(409, "PAYMENT_TAKEN_BACK"));
    await expect(billing.takeBack(clinic.caller, { payment: back.payment, reason: "no" })).rejects.toEqual(
      refusal(404, "PAYMENT_NOT_FOUND"),
    );
    expect(await pay(invoice, 10_000, "card")).toMatchObject({ left: 0 });
  });

  it("is not paid twice by two who are paid at once", async () => {
    const invoice = await newBill();
    const tries = await Promise.allSettled([1, 2, 3, 4].map(() => pay(invoice, 6_000)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const one of tries) if (one.status === "rejected") expect(one.reason).toMatchObject({ code: 409, type: "PAID_TOO_MUCH" });
    const halves = await Promise.all([pay(invoice, 2_000), pay(invoice, 2_000)]);
    expect(Math.min(...halves.map(({ left }) => left))).toBe(0);
    expect(await statusOf(invoice)).toBe("balanced");
  });

  it("is not cancelled while something of it is paid", async () => {
    const invoice = await newBill();
    const { payment } = await pay(invoice, 1_000);
    const cancel = () => billing.cancelInvoice(clinic.caller, { invoice, reason: "wrong" });
    await expect(cancel()).rejects.toEqual(refusal(409, "INVOICE_PARTLY_PAID"));
    await billing.takeBack(clinic.caller, { payment, reason: "wrong" });
    await cancel();
    await expect(pay(invoice, 1_000)).rejects.toEqual(refusal(409, "INVOICE_NOT_IN_FORCE"));
    await expect(pay("Invoice/none", 1)).rejects.toEqual(refusal(404, "INVOICE_NOT_FOUND"));
  });

  it("that is credited is refunded by the credit note", async () => {
    const invoice = await newBill();
    await pay(invoice, 10_000);
    const { creditNote } = await billing.creditNote(clinic.caller, { invoice, reason: "too much" });
    expect(await billing.listPayments(clinic.caller, { invoice: creditNote })).toMatchObject({ cents: -10_000, left: 10_000 });
    await expect(pay(creditNote, 10_001)).rejects.toMatchObject({ type: "PAID_TOO_MUCH" });
    const back = await pay(creditNote, 10_000);
    expect(back).toMatchObject({ cents: -10_000, left: 0 });
    expect(await statusOf(creditNote)).toBe("balanced");
    expect(await billing.takeBack(clinic.caller, { payment: back.payment, reason: "not fetched" })).toMatchObject({
      cents: 10_000,
      left: 10_000,
    });
  });

  describe("with credit notes", () => {
    const billOf = async (...cents: number[]) => {
      next += 1;
      const { visit } = await visits.open(clinic.caller, { patient: `Patient/${next}` });
      const charges = [];
      for (const one of cents) {
        charges.push((await billing.charge(clinic.caller, { encounter: visit, text: "x", cents: one, currency: "EUR" })).charge);
      }
      await visits.close(clinic.caller, { visit });
      return { ...(await billing.invoice(clinic.caller, { encounter: visit })), charges };
    };
    const credit = async (invoice: string, ...charges: string[]) =>
      (await billing.creditNote(clinic.caller, { invoice, charges, reason: "not done" })).creditNote;
    const left = async (invoice: string) => {
      const [one] = await billing.listBalances(clinic.caller, { invoices: [invoice] });
      expect(await billing.listPayments(clinic.caller, { invoice })).toMatchObject({ ...one });
      return [one?.left, one?.credited, await statusOf(invoice)];
    };

    it("that is not paid is reduced, without a refund", async () => {
      const { invoice, charges } = await billOf(7_000, 3_000);
      const note = await credit(invoice, charges[1] as string);
      expect(await left(invoice)).toEqual([7_000, 3_000, "issued"]);
      expect(await left(note)).toEqual([0, 3_000, "balanced"]);
      await expect(pay(invoice, 7_001)).rejects.toMatchObject({ code: 409, type: "PAID_TOO_MUCH", data: { left: 7_000 } });
      await expect(pay(note, 1)).rejects.toEqual(refusal(409, "INVOICE_PAID"));
      expect(await pay(invoice, 7_000)).toMatchObject({ left: 0 });
      expect(await left(invoice)).toEqual([0, 3_000, "balanced"]);
    });

    it("that is partly paid is refunded what was paid too much", async () => {
      const { invoice, charges } = await billOf(7_000, 3_000);
      const { payment } = await pay(invoice, 9_000);
      const note = await credit(invoice, charges[1] as string);
      expect(await left(invoice)).toEqual([0, 3_000, "balanced"]);
      expect(await left(note)).toEqual([2_000, 1_000, "issued"]);
      await expect(pay(note, 2_001)).rejects.toMatchObject({ code: 409, type: "PAID_TOO_MUCH", data: { left: 2_000 } });
      expect(await pay(note, 2_000)).toMatchObject({ cents: -2_000, left: 0, number: expect.stringMatching(/^\d{4}-\d{6}$/) });
      expect(await left(note)).toEqual([0, 1_000, "balanced"]);
      await billing.takeBack(clinic.caller, { payment, reason: "another patient's bill" });
      expect(await left(invoice)).toEqual([9_000, 3_000, "issued"]);
      expect(await pay(invoice, 9_000)).toMatchObject({ left: 0 });
    });

    it("is due in full again if the credit note is cancelled, and set off anew if a payment is cancelled", async () => {
      const { invoice, charges } = await billOf(7_000, 3_000);
      const first = await credit(invoice, charges[1] as string);
      await billing.cancelInvoice(clinic.caller, { invoice: first, reason: "done after all" });
      expect(await left(invoice)).toEqual([10_000, 0, "issued"]);
      const { payment } = await pay(invoice, 10_000);
      const note = await credit(invoice, charges[1] as string);
      expect(await left(note)).toEqual([3_000, 0, "issued"]);
      await billing.takeBack(clinic.caller, { payment, reason: "the card was refused" });
      expect([await left(invoice), await left(note)]).toEqual([
        [7_000, 3_000, "issued"],
        [0, 3_000, "balanced"],
      ]);
    });

    it("that is credited in full is balanced, and each part is refunded once, even by concurrent refunds", async () => {
      const unpaid = await billOf(500);
      await credit(unpaid.invoice, ...unpaid.charges);
      expect(await left(unpaid.invoice)).toEqual([0, 500, "balanced"]);
      const { invoice, charges } = await billOf(1_000, 1_000);
      await pay(invoice, 1_500);
      const notes = [await credit(invoice, charges[0] as string), await credit(invoice, charges[1] as string)];
      const [first, second] = notes as [string, string];
      expect([await left(first), await left(second)]).toEqual([
        [500, 500, "issued"],
        [1_000, 0, "issued"],
      ]);
      const tries = await Promise.allSettled([pay(first, 500), pay(second, 1_000), pay(first, 500), pay(second, 1_000)]);
      expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
      expect((await billing.listBalances(clinic.caller, { invoices: [invoice, ...notes] })).map((one) => one.left)).toEqual([0, 0, 0]);
    });
  });

  it("with a total of zero is balanced from the start", async () => {
    expect(await statusOf(await newBill(0))).toBe("balanced");
  });

  it("is in the report of the day of its payment", async () => {
    const before = await billing.cashReport(clinic.caller, {});
    await pay(await newBill(), 1_234, "card");
    const after = await billing.cashReport(clinic.caller, { day: before.day });
    const cards = ({ sums }: typeof before) => sums.find(({ means }) => means === "card")?.cents ?? 0;
    expect(cards(after) - cards(before)).toBe(1_234);
    expect((await billing.cashReport(clinic.caller, { day: "2020-02-29" })).payments).toEqual([]);
    await expect(billing.cashReport(clinic.caller, { day: "2020" })).rejects.toMatchObject({ code: 422 });
  });
});
