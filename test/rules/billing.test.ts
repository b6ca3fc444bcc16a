/** What no charge or invoice may become, by whichever door somebody writes. */
import { referringTo } from "../kit/filled.ts";
import { rulesTable } from "../kit/rules-table.ts";

rulesTable("billing", ["visits", "billing"], (at) => {
  const euros = (value: number) => ({ value, currency: "EUR" });
  const charge = (more: object = {}) => ({
    resourceType: "ChargeItem",
    status: "billable",
    code: { text: "consultation" },
    subject: at.patient,
    priceOverride: euros(20),
    ...more,
  });
  const invoice = (more: object = {}) => ({
    resourceType: "Invoice",
    status: "issued",
    subject: at.patient,
    lineItem: [{ chargeItemCodeableConcept: { text: "x" }, priceComponent: [{ type: "base", amount: euros(20) }] }],
    totalNet: euros(20),
    ...more,
  });

  at.refuses("charge-item-status", "a charge on an Invoice to be billable again", {
    stored: () => charge(),
    under: ({ resourceType, id }) =>
      at.stored(invoice({ lineItem: [{ chargeItemReference: { reference: `${resourceType}/${id}` } }], totalNet: undefined })),
    change: (it) => ({ ...it, status: "billable" }),
    instead: (it) => ({ ...it, note: [{ text: "seen" }] }),
    as: { status: 409, expression: "ChargeItem.status" },
  });
  at.refuses("charge-item-status", "a billed charge to be an error", {
    stored: () => charge({ status: "billed" }),
    change: (it) => ({ ...it, status: "entered-in-error" }),
    instead: (it) => it,
    as: { status: 409 },
  });
  at.refuses("charge-item-final", "another price of what is billed", {
    stored: () => charge({ status: "billed" }),
    change: (it) => ({ ...it, priceOverride: euros(50) }),
    instead: (it) => it,
    as: { status: 409 },
  });
  at.refuses("charge-item-subject", "a charge to become another patient's", {
    stored: () => charge(),
    change: (it) => ({ ...it, subject: at.other }),
    instead: (it) => ({ ...it, priceOverride: euros(30) }),
    as: { status: 409 },
  });
  at.refuses("charge-item-one-patient", "a charge for another patient's visit", {
    create: async () =>
      charge({
        context: await at.stored({ resourceType: "Encounter", status: "finished", class: { code: "AMB" }, subject: at.other }),
      }),
    insteadOf: () => charge(),
    as: { status: 409 },
  });
  at.refuses("charge-item-references", "a charge for a visit that there is not", {
    create: () => charge({ context: { reference: "Encounter/none" } }),
    insteadOf: () => charge(),
    as: { status: 409, expression: "ChargeItem.context" },
  });
  at.refuses("charge-item-deleted", "a billed charge to be deleted", { remove: () => charge({ status: "billed" }), as: { status: 409 } });
  at.refuses("charge-item-currency", "12.50 yen, but not 1.250 dinars", {
    create: () => charge({ priceOverride: { value: 12.5, currency: "JPY" } }),
    insteadOf: () => charge({ priceOverride: { value: 1.255, currency: "TND" } }),
    as: { status: 422, expression: "ChargeItem.priceOverride" },
  });
  const priced = (amount: object) => ({
    resourceType: "ChargeItemDefinition",
    url: "urn:price",
    status: "active",
    code: { coding: [{ system: "urn:acts", code: "x" }] },
    propertyGroup: [{ priceComponent: [{ type: "base", amount }] }],
  });
  for (const wrong of [{ value: 5 }, euros(-5), euros(1e13), { currency: "EUR" }]) {
    at.refuses("charge-item-definition-price", `a price list with ${JSON.stringify(wrong)}, by which no act could be charged`, {
      create: () => priced(wrong),
      insteadOf: () => priced(euros(0.0125)),
      as: { status: 422, expression: "ChargeItemDefinition.propertyGroup.priceComponent.amount" },
    });
  }
  it("accept a total as a client's doubles add it up", async () => {
    const amount = { value: 0.1 + 0.2, currency: "EUR" };
    const lines = [{ chargeItemCodeableConcept: { text: "x" }, priceComponent: [{ type: "base", amount }] }];
    expect(await at.fhir.create(invoice({ lineItem: lines, totalNet: amount }))).toMatchObject({ status: 201 });
  });

  // Others name a currency too: "claim-currency", "payment-notice-currency", "payment-reconciliation-currency".
  it.each([
    ["Claim", "total", { total: { value: 10.005, currency: "EUR" } }],
    [
      "Claim",
      "item[1].net",
      {
        item: [1.005, 1.0055].map((value, index) => ({
          sequence: index + 1,
          productOrService: { text: "x" },
          net: { value, currency: "TND" },
        })),
      },
    ],
    ["Claim", "total", { total: { value: 999_999_999.999, currency: "EUR" } }],
    ["PaymentNotice", "amount", { amount: { value: 3.5, currency: "JPY" } }],
    ["PaymentNotice", "amount", { amount: { value: 1e12, currency: "JPY" } }],
    ["PaymentReconciliation", "paymentAmount", { paymentAmount: { value: 0.001, currency: "USD" } }],
  ])("ask in a %s for %s that can be paid", async (type, element, amounts) => {
    const filled = { ...referringTo(type, "Patient/alive", 0), ...amounts };
    const refused = { status: 422, body: { issue: [{ code: "business-rule", expression: [`${type}.${element}`] }] } };
    expect(await at.fhir.create(filled)).toMatchObject(refused);
    const text = JSON.stringify(filled).replace(/"value":[\d.]+/g, '"value":12.0');
    expect(await at.fhir.send("POST", `/${type}`, text)).toMatchObject({ status: 201 });
  });

  const wrong = ["XXQ", "eur", "EU", "EURO", "€"];
  it.each([
    ...wrong.map((it) => [it, "ChargeItem", charge({ priceOverride: { value: 1, currency: it } })] as const),
    ["XXQ", "Invoice", invoice({ status: "draft", totalGross: { value: 1, currency: "XXQ" } })] as const,
    ["Usd", "Patient", { resourceType: "Patient", extension: [{ url: "urn:paid", valueMoney: { value: 1, currency: "Usd" } }] }] as const,
  ])("have no amount in %s (%s), which is no code of ISO 4217", async (currency, _, resource) => {
    const refused = {
      code: "code-invalid",
      diagnostics: expect.stringContaining("ISO 4217"),
      expression: [expect.stringMatching(/\.currency$/)],
    };
    expect(await at.fhir.create(resource)).toMatchObject({ status: 422, body: { issue: [refused] } });
    expect(await at.fhir.send("POST", `/${resource.resourceType}`, JSON.stringify(resource).replaceAll(currency, "EUR"))).toMatchObject({
      status: 201,
    });
  });

  at.refuses("invoice-status", "a cancelled invoice to be issued", {
    stored: () => invoice({ status: "cancelled" }),
    change: (it) => ({ ...it, status: "issued" }),
    instead: (it) => ({ ...it, cancelledReason: "twice" }),
    as: { status: 409 },
  });
  at.refuses("invoice-final", "another total of what is issued", {
    stored: () => invoice(),
    change: (it) => ({ ...it, totalNet: euros(1) }),
    instead: (it) => ({ ...it, status: "cancelled", cancelledReason: "wrong total" }),
    as: { status: 409 },
  });
  at.refuses("invoice-subject", "an invoice to become another patient's", {
    stored: () => invoice({ status: "draft" }),
    change: (it) => ({ ...it, subject: at.other }),
    instead: (it) => ({ ...it, status: "issued" }),
    as: { status: 409 },
  });
  at.refuses("invoice-deleted", "an issued invoice to be deleted", {
    remove: () => invoice(),
    allow: (it) => at.fhir.send("PUT", `/Invoice/${it.id}`, { ...it, status: "cancelled" }),
    as: { status: 409 },
  });
  at.refuses("invoice-total", "a total that is not the sum of the lines", {
    create: () => invoice({ totalNet: euros(25) }),
    insteadOf: () => invoice(),
    as: { status: 422, expression: "Invoice.totalNet" },
  });
  at.refuses("charge-item-value", "a price that nobody can pay", {
    create: () => charge({ priceOverride: euros(1e300) }),
    insteadOf: () => charge(),
    as: { status: 422, expression: "ChargeItem.priceOverride" },
  });
  const line = (amount: object, more: { chargeItemReference?: object; priceComponent?: object[] } = {}) => ({
    ...(!more.chargeItemReference && { chargeItemCodeableConcept: { text: "x" } }),
    priceComponent: [{ type: "base", amount }],
    ...more,
  });
  const dollars = { value: 20, currency: "USD" };
  at.refuses("invoice-currency", "a total in dollars over lines in euros", {
    create: () => invoice({ totalNet: dollars }),
    insteadOf: () => invoice({ lineItem: [line(dollars)], totalNet: dollars }),
    as: { status: 422, expression: "Invoice" },
  });
  for (const [name, element, expression] of [
    ["net", { lineItem: undefined, totalNet: euros(-15), totalGross: undefined }, "Invoice.totalNet"],
    ["gross", { lineItem: undefined, totalNet: undefined, totalGross: euros(-15) }, "Invoice.totalGross"],
    ["net, of lines", { lineItem: [line(euros(-15))], totalNet: euros(-15) }, "Invoice.totalNet"],
  ] as const) {
    at.refuses("invoice-total", `a ${name} total below nothing, unless it is a credit note`, {
      create: () => invoice(element),
      insteadOf: async () => {
        const { reference } = await at.stored(invoice());
        return invoice({ ...element, extension: [{ url: "urn:openward:credits", valueReference: { reference } }] });
      },
      as: { status: 422, expression },
    });
  }
  at.refuses("invoice-total", "a total that leaves out a surcharge, but not one without the taxes", {
    create: () => invoice({ lineItem: [line(euros(20)), line(euros(5), { priceComponent: [{ type: "surcharge", amount: euros(5) }] })] }),
    insteadOf: () => invoice({ lineItem: [line(euros(20)), line(euros(5), { priceComponent: [{ type: "tax", amount: euros(4) }] })] }),
    as: { status: 422, expression: "Invoice.totalNet" },
  });
  at.refuses("invoice-total", "a gross total below the net total, which the cash desk would ask for", {
    create: () => invoice({ totalGross: euros(1) }),
    insteadOf: () => invoice({ totalGross: euros(24) }),
    as: { status: 422, expression: "Invoice.totalGross" },
  });
  at.refuses("invoice-charges", "another price than that of the charge, but not a discount", {
    create: async () => invoice({ lineItem: [line(euros(1), { chargeItemReference: await at.stored(charge()) })], totalNet: euros(1) }),
    insteadOf: async () => {
      const priceComponent = [20, -19].map((value, index) => ({ type: ["base", "discount"][index], amount: euros(value) }));
      return invoice({ lineItem: [{ chargeItemReference: await at.stored(charge()), priceComponent }], totalNet: euros(1) });
    },
    as: { status: 409, expression: "Invoice.lineItem" },
  });
  at.refuses("invoice-charges", "the price of a charge in another currency", {
    create: async () => invoice({ lineItem: [line(dollars, { chargeItemReference: await at.stored(charge()) })], totalNet: dollars }),
    insteadOf: async () =>
      invoice({
        lineItem: [line(dollars, { chargeItemReference: await at.stored(charge({ priceOverride: dollars })) })],
        totalNet: dollars,
      }),
    as: { status: 409, expression: "Invoice.lineItem" },
  });
  at.refuses("invoice-one-patient", "an invoice over another patient's charge", {
    create: async () => invoice({ lineItem: [{ chargeItemReference: await at.stored(charge({ subject: at.other })) }] }),
    insteadOf: async () => invoice({ lineItem: [{ chargeItemReference: await at.stored(charge()) }] }),
    as: { status: 409, expression: "Invoice.lineItem.chargeItemReference" },
  });
  at.refuses("invoice-charges", "an invoice that asks for one charge twice", {
    create: async () => {
      const chargeItemReference = await at.stored(charge());
      return invoice({ lineItem: [{ chargeItemReference }, { chargeItemReference }], totalNet: euros(40) });
    },
    insteadOf: async () => invoice({ lineItem: [{ chargeItemReference: await at.stored(charge()) }] }),
    as: { status: 409, expression: "Invoice.lineItem" },
  });
  at.refuses("invoice-final", "other lines of what was cancelled", {
    stored: () => invoice({ status: "cancelled" }),
    change: (it) => ({ ...it, lineItem: [line(euros(1))] }),
    instead: (it) => ({ ...it, cancelledReason: "twice" }),
    as: { status: 409 },
  });
  const credit = (reference: string, more: object = {}) =>
    invoice({
      lineItem: [line(euros(-20))],
      totalNet: euros(-20),
      extension: [{ url: "urn:openward:credits", valueReference: { reference } }],
      ...more,
    });
  const issued = async (more: object = {}) => (await at.stored(invoice(more))).reference;
  it.each([
    ["an invoice that is not here", async () => credit("Invoice/none")],
    ["a draft", async () => credit(await issued({ status: "draft" }))],
    ["another patient's invoice", async () => credit(await issued({ subject: at.other }))],
    ["more than it asks for", async () => credit(await issued(), { lineItem: [line(euros(-21))], totalNet: euros(-21) })],
    ["a charge that is not on it", async () => credit(await issued(), { lineItem: [{ chargeItemReference: await at.stored(charge()) }] })],
    ["a credit note", async () => credit((await at.stored(credit(await issued()))).reference)],
  ])("refuse to credit %s", async (_, made) => {
    // By the rule "invoice-credit".
    expect(await at.fhir.create((await made()) as { resourceType: string })).toMatchObject({
      status: 409,
      body: { issue: [{ expression: ["Invoice.extension"] }] },
    });
    expect((await at.fhir.create(credit(await issued()))).status).toBe(201);
  });
  at.refuses("invoice-references", "an invoice over a charge that there is not", {
    create: () => invoice({ lineItem: [{ chargeItemReference: { reference: "ChargeItem/none" } }] }),
    insteadOf: () => invoice(),
    as: { status: 409 },
  });

  it("have a charge on one valid invoice, and free it when that is cancelled", async () => {
    const item = await at.stored(charge({ status: "billed" }));
    const over = invoice({ lineItem: [{ chargeItemReference: item }] });
    const first = await at.fhir.create(over);
    expect(await at.fhir.create(over)).toMatchObject({ status: 409 });
    const billable = { ...charge(), id: item.reference.slice("ChargeItem/".length) };
    const entry = [
      { resource: { ...first.body, status: "cancelled" }, request: { method: "PUT", url: `Invoice/${first.body.id}` } },
      { resource: billable, request: { method: "PUT", url: item.reference } },
    ];
    expect(await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).toMatchObject({ status: 200 });
    expect(await at.fhir.create(over)).toMatchObject({ status: 201 });
  });

  it.each(["aborted", "not-billable", "entered-in-error"])("refuse an invoice over a charge that is %s", async (status) => {
    // By the rule "invoice-charges".
    const [wrong, right] = [await at.stored(charge({ status })), await at.stored(charge())];
    const over = (item: { reference: string }) => invoice({ lineItem: [{ chargeItemReference: item }] });
    expect(await at.fhir.create(over(wrong))).toMatchObject({ status: 409, body: { issue: [{ expression: ["Invoice.lineItem"] }] } });
    expect(await at.fhir.create(over(right))).toMatchObject({ status: 201 });
  });

  it("mark as billed what an invoice asks for, also one from FHIR alone, and free it when that is cancelled", async () => {
    const item = await at.stored(charge());
    const status = async () => (await at.fhir.get(`/${item.reference}`)).body.status;
    const { body } = await at.fhir.create(invoice({ lineItem: [{ chargeItemReference: item }] }));
    expect(await status()).toBe("billed");
    expect((await at.fhir.send("PUT", `/Invoice/${body.id}`, { ...body, status: "cancelled" })).status).toBe(200);
    expect(await status()).toBe("billable");
  });

  it("refuse to delete a charge on a cancelled invoice, until that is deleted", async () => {
    // By the rule "charge-item-listed".
    const item = await at.stored(charge());
    const { body } = await at.fhir.create(invoice({ lineItem: [{ chargeItemReference: item }] }));
    await at.fhir.send("PUT", `/Invoice/${body.id}`, { ...body, status: "cancelled" });
    const remove = () => at.fhir.send("DELETE", `/${item.reference}`);
    expect(await remove()).toMatchObject({ status: 409, body: { issue: [{ code: "business-rule", expression: ["ChargeItem"] }] } });
    expect((await at.fhir.send("DELETE", `/Invoice/${body.id}`)).status).toBe(204);
    expect((await remove()).status).toBe(204);
  });

  it("is not free to be billed again while a draft has it", async () => {
    const item = await at.stored(charge());
    await at.stored(invoice({ lineItem: [{ chargeItemReference: item }], totalNet: undefined }));
    const billed = { ...(await at.fhir.get(`/${item.reference}`)).body, status: "billed" };
    expect(await at.fhir.send("PUT", `/${item.reference}`, billed)).toMatchObject({ status: 200 });
    const draft = { resourceType: "Invoice", status: "draft", lineItem: [{ chargeItemReference: item }] };
    const entry = [
      { resource: { ...billed, status: "billable" }, request: { method: "PUT", url: item.reference } },
      { resource: draft, request: { method: "POST", url: "Invoice" } },
    ];
    expect(await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).toMatchObject({ status: 409 });
  });

  it("is credited once for each charge, and cannot be cancelled then", async () => {
    const item = await at.stored(charge({ status: "billed" }));
    const { body: bill } = await at.fhir.create(invoice({ lineItem: [{ chargeItemReference: item }] }));
    const credits = [{ url: "urn:openward:credits", valueReference: { reference: `Invoice/${bill.id}` } }];
    const note = invoice({ lineItem: [{ chargeItemReference: item }], totalNet: euros(-20), extension: credits });
    const { status, body: credit } = await at.fhir.create(note);
    expect([status, (await at.fhir.create(note)).status]).toEqual([201, 409]);
    const cancel = (it: { id: string }) => at.fhir.send("PUT", `/Invoice/${it.id}`, { ...it, status: "cancelled" });
    // By the rule "invoice-credited".
    expect(await cancel(bill)).toMatchObject({ status: 409, body: { issue: [{ expression: ["Invoice.status"] }] } });
    expect([(await cancel(credit)).status, (await cancel(bill)).status]).toEqual([200, 200]);
  });
});
