/** What no payment of an invoice may become, by whichever door somebody writes. */
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
    const refused = { status: 409, body: { issue: [{ expression: ["PaymentReconciliation.detail"] }] } };
    expect(await at.fhir.create((await made()) as { resourceType: string })).toMatchObject(refused);
    expect((await at.fhir.create(await payment(5))).status).toBe(201);
  });
  it("refuse to pay more than is asked for, and balance what is paid in full", async () => {
    // By the rule "payment-reconciliation-amount".
    const reference = await issued();
    expect((await at.fhir.create(paying(reference, 12.5))).status).toBe(201);
    expect(await statusOf(reference)).toBe("issued");
    expect(await at.fhir.create(paying(reference, 7.51))).toMatchObject({ status: 409, body: { issue: [{ code: "business-rule" }] } });
    expect((await at.fhir.create(paying(reference, 7.5))).status).toBe(201);
    expect(await statusOf(reference)).toBe("balanced");
  });
  it("take a payment back as a whole, once, and only a payment", async () => {
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
  it("refuse to cancel an invoice of which something is paid", async () => {
    // By the rule "invoice-paid".
    const reference = await issued();
    const { body } = await at.fhir.create(paying(reference, 1));
    const cancel = async () => at.fhir.send("PUT", `/${reference}`, { ...(await at.fhir.get(`/${reference}`)).body, status: "cancelled" });
    expect(await cancel()).toMatchObject({ status: 409, body: { issue: [{ expression: ["Invoice.status"] }] } });
    await at.fhir.create(back(`PaymentReconciliation/${body.id}`, reference, -1));
    expect((await cancel()).status).toBe(200);
  });
  it("leave alone what an insurer pays of other servers' invoices", async () => {
    const remittance = paying("https://other.example/fhir/Invoice/1");
    const { status, body } = await at.fhir.create(remittance);
    expect([status, (await at.fhir.send("PUT", `/PaymentReconciliation/${body.id}`, { ...body, status: "cancelled" })).status]).toEqual([
      201, 200,
    ]);
  });
});
