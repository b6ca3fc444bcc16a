/** What no payment of an invoice may become, by whichever door somebody writes. */
import { type Issue, MISSING_REFERENCE } from "../../fhir/outcome.ts";
import { billing } from "../../services/billing/billing.contract.ts";
import { rulesTable } from "../kit/rules-table.ts";

rulesTable("payments", ["visits", "billing"], (at) => {
  const euros = (value: number) => ({ value, currency: "EUR" });
  const invoice = (more: object = {}) => ({
    resourceType: "Invoice",
    status: "issued",
    subject: at.patient,
    lineItem: [{ chargeItemCodeableConcept: { text: "x" }, priceComponent: [{ type: "base", amount: euros(20) }] }],
    totalNet: euros(20),
    ...more,
  });
  const paying = (reference: string, value = 20, more: object = {}) => ({
    resourceType: "PaymentReconciliation",
    status: "active",
    created: "2026-01-01T12:00:00Z",
    paymentDate: "2026-01-01",
    paymentAmount: euros(value),
    detail: [{ type: { text: "payment" }, request: { reference }, amount: euros(value) }],
    ...more,
  });
  const issued = async (more: object = {}) => (await at.stored(invoice(more))).reference;
  const payment = async (value = 20, more: object = {}) => paying(await issued(), value, more);
  const back = (of: string, reference: string, value = -20) =>
    paying(reference, value, { extension: [{ url: "urn:openward:takes-back", valueReference: { reference: of } }] });
  const statusOf = async (reference: string) => (await at.fhir.get(`/${reference}`)).body.status;

  at.refuses("payment-reconciliation-status", "a payment to be cancelled, or an error", {
    stored: () => payment(),
    change: (it) => ({ ...it, status: "cancelled" }),
    instead: (it) => ({ ...it, text: { status: "generated", div: '<div xmlns="http://www.w3.org/1999/xhtml">paid</div>' } }),
    as: { status: 409, expression: "PaymentReconciliation.status" },
  });
  at.refuses("payment-reconciliation-final", "another date of a payment", {
    stored: () => payment(),
    change: (it) => ({ ...it, paymentDate: "2026-01-02" }),
    instead: (it) => it,
    as: { status: 409 },
  });
  at.refuses("payment-reconciliation-deleted", "a payment to be deleted", { remove: () => payment(), as: { status: 409 } });
  it.each([
    ["an invoice that is not here", async () => paying("Invoice/none")],
    ["a draft", async () => paying(await issued({ status: "draft" }))],
    [
      "another currency",
      async () =>
        paying(await issued(), 20, {
          detail: [{ type: { text: "x" }, request: { reference: await issued() }, amount: { value: 20, currency: "USD" } }],
        }),
    ],
    ["less than nothing", () => payment(-5)],
    ["parts that are not the whole", async () => payment(20, { paymentAmount: euros(21) })],
  ])("refuse a payment of %s", async (_, made) => {
    // By the rule "payment-reconciliation-invoice".
    const coding = expect.arrayContaining([{ system: "urn:openward:error", code: "RULE_PAYMENT_RECONCILIATION_INVOICE" }]);
    const refused = { status: 409, body: { issue: [{ expression: ["PaymentReconciliation.detail"], details: { coding } }] } };
    expect(await at.fhir.create((await made()) as { resourceType: string })).toMatchObject(refused);
    expect((await at.fhir.create(await payment(5))).status).toBe(201);
  });
  it("name what is missing, for a program that sends them again once it is here", async () => {
    const missingOf = async (made: { resourceType: string }) => {
      const { status, body } = await at.fhir.create(made);
      const codings = (body.issue as Issue[]).flatMap(({ details }) => details?.coding ?? []);
      return [status, codings.filter(({ system }) => system === MISSING_REFERENCE).map(({ code }) => code)];
    };
    const visit = { resourceType: "Encounter", status: "in-progress", class: { code: "AMB" }, subject: { reference: "Patient/none" } };
    const [draft, credited] = [await issued({ status: "draft" }), "Invoice/none"];
    expect(await missingOf(paying("Invoice/none"))).toEqual([409, ["Invoice/none"]]);
    expect(await missingOf(paying(draft))).toEqual([409, []]);
    expect(await missingOf(back("PaymentReconciliation/none", await issued()))).toEqual([409, ["PaymentReconciliation/none"]]);
    expect(await missingOf(invoice({ extension: [{ url: "urn:openward:credits", valueReference: { reference: credited } }] }))).toEqual([
      409,
      [credited],
    ]);
    expect(await missingOf(visit)).toEqual([409, ["Patient/none"]]);
  });
  it("refuse to pay more than the total, and balance what is paid in full", async () => {
    // By the rule "payment-reconciliation-amount".
    const reference = await issued();
    expect((await at.fhir.create(paying(reference, 12.5))).status).toBe(201);
    expect(await statusOf(reference)).toBe("issued");
    expect(await at.fhir.create(paying(reference, 7.51))).toMatchObject({ status: 409, body: { issue: [{ code: "business-rule" }] } });
    expect((await at.fhir.create(paying(reference, 7.5))).status).toBe(201);
    expect(await statusOf(reference)).toBe("balanced");
  });
  it("can be cancelled as a whole, once", async () => {
    // By the rule "payment-reconciliation-back".
    const reference = await issued();
    const { body } = await at.fhir.create(paying(reference));
    const taken = `PaymentReconciliation/${body.id}`;
    expect(await at.fhir.create(back(taken, reference, -5))).toMatchObject({
      status: 409,
      body: { issue: [{ expression: ["PaymentReconciliation.extension"] }] },
    });
    const { status, body: second } = await at.fhir.create(back(taken, reference));
    expect([status, await statusOf(reference)]).toEqual([201, "issued"]);
    expect(await at.fhir.create(back(taken, reference))).toMatchObject({ status: 409 });
    expect(await at.fhir.create(back(`PaymentReconciliation/${second.id}`, reference, -20))).toMatchObject({ status: 409 });
  });
  it("refuse to cancel an invoice that is partly paid", async () => {
    // By the rule "invoice-paid".
    const reference = await issued();
    const { body } = await at.fhir.create(paying(reference, 1));
    const cancel = async () => at.fhir.send("PUT", `/${reference}`, { ...(await at.fhir.get(`/${reference}`)).body, status: "cancelled" });
    expect(await cancel()).toMatchObject({ status: 409, body: { issue: [{ expression: ["Invoice.status"] }] } });
    await at.fhir.create(back(`PaymentReconciliation/${body.id}`, reference, -1));
    expect((await cancel()).status).toBe(200);
  });
  const crediting = (of: string, value: number) =>
    invoice({
      extension: [{ url: "urn:openward:credits", valueReference: { reference: of } }],
      lineItem: [{ chargeItemCodeableConcept: { text: "x" }, priceComponent: [{ type: "base", amount: euros(-value) }] }],
      totalNet: euros(-value),
    });
  it("set a credit note off against its invoice, and refund only what was paid too much", async () => {
    const bill = await issued();
    const first = (await at.stored(crediting(bill, 5))).reference;
    expect([await statusOf(bill), await statusOf(first)]).toEqual(["issued", "balanced"]);
    const tooMuch = { status: 409, body: { issue: [{ expression: ["PaymentReconciliation.detail"] }] } };
    expect(await at.fhir.create(paying(bill, 15.01))).toMatchObject(tooMuch);
    expect((await at.fhir.create(paying(bill, 15))).status).toBe(201);
    const second = (await at.stored(crediting(bill, 10))).reference;
    expect([await statusOf(bill), await statusOf(second)]).toEqual(["balanced", "issued"]);
    expect(await at.fhir.create(paying(second, -10.01))).toMatchObject(tooMuch);
    expect((await at.fhir.create(paying(second, -10))).status).toBe(201);
    expect(await statusOf(second)).toBe("balanced");
    // By the rule "invoice-credit": with the other credit notes no more than the whole.
    expect(await at.fhir.create(crediting(bill, 5.01))).toMatchObject({ status: 409 });
    expect((await at.fhir.create(crediting(bill, 5))).status).toBe(201);
  });
  const balance = async (reference: string) => {
    const { body } = await at.fhir.get(`/${reference}`);
    return at.fhir.send("PUT", `/${reference}`, { ...body, status: "balanced" });
  };
  const refusedBalance = { status: 409, body: { issue: [{ expression: ["Invoice.status"] }] } };
  it("let a hospital with another system for payments balance its invoices, and refund what is credited", async () => {
    const [bill, credited] = [await issued(), await issued()];
    expect(await balance(bill)).toMatchObject({ status: 200 });
    expect((await at.fhir.create(invoice({ status: "balanced" }))).status).toBe(201);
    const note = (await at.stored(crediting(bill, 5))).reference;
    expect([await statusOf(bill), await statusOf(note)]).toEqual(["balanced", "issued"]);
    expect((await at.fhir.create(paying(note, -5))).status).toBe(201);
    const off = (await at.stored(crediting(credited, 5))).reference;
    expect(await balance(credited)).toMatchObject({ status: 200 });
    const later = (await at.stored(crediting(credited, 15))).reference;
    expect([await statusOf(credited), await statusOf(off), await statusOf(later)]).toEqual(["balanced", "balanced", "issued"]);
  });
  at.refuses("invoice-balanced", "an invoice of which a part is paid to be balanced", {
    stored: () => invoice(),
    under: ({ id }) => at.stored(paying(`Invoice/${id}`, 5)),
    change: (it) => ({ ...it, status: "balanced" }),
    instead: (it) => ({ ...it, text: { status: "generated", div: '<div xmlns="http://www.w3.org/1999/xhtml">20</div>' } }),
    as: { status: 409, expression: "Invoice.status" },
  });
  it("require payments for a balanced invoice in a hospital that records them", async () => {
    // By the rule "invoice-balanced".
    const [bill, unpaid] = [await issued(), await issued()];
    await billing.pay(at.mesh.caller, { invoice: bill, cents: 2_000, means: "cash" });
    expect(await balance(unpaid)).toMatchObject(refusedBalance);
    expect(await at.fhir.create(invoice({ status: "balanced" }))).toMatchObject(refusedBalance);
    expect(await at.fhir.create(invoice({ status: "balanced", lineItem: undefined, totalNet: undefined }))).toMatchObject({ status: 201 });
  });
  it("do not apply to an insurer's payments of other servers' invoices", async () => {
    const remittance = paying("https://other.example/fhir/Invoice/1");
    const { status, body } = await at.fhir.create(remittance);
    expect([status, (await at.fhir.send("PUT", `/PaymentReconciliation/${body.id}`, { ...body, status: "cancelled" })).status]).toEqual([
      201, 200,
    ]);
  });
});
