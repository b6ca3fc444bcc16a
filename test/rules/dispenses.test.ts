/** What no dispense may become, by whichever door somebody writes, and that the shelf stays as it is. */
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { rulesTable } from "../kit/rules-table.ts";
import { LATER, pharmacyRows } from "./pharmacy-rows.ts";

rulesTable("dispenses", ["wards", "visits", "pharmacy"], (at) => {
  const { prescription, dispense, by, onShelf } = pharmacyRows(at);

  at.refuses("medication-dispense-status", "a completed dispense to be in progress", {
    stored: () => dispense(),
    change: (it) => ({ ...it, status: "in-progress" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409 },
  });
  at.refuses("medication-dispense-final", "another quantity of what was handed out", {
    stored: () => dispense(),
    change: (it) => ({ ...it, quantity: { value: 5 } }),
    instead: (it) => ({ ...it, note: [{ text: "counted twice" }] }),
    as: { status: 409 },
  });
  at.refuses("medication-dispense-subject", "a dispense to become another patient's", {
    stored: () => dispense({ status: "in-progress" }),
    change: (it) => ({ ...it, subject: at.other }),
    instead: (it) => ({ ...it, status: "completed" }),
    as: { status: 409 },
  });
  at.refuses("medication-dispense-patient", "to begin a dispense for somebody who has died, but not to record one", {
    create: () => dispense({ subject: at.dead, status: "in-progress" }),
    insteadOf: () => dispense({ subject: at.dead }),
    as: { status: 409 },
  });
  at.refuses("medication-dispense-one-patient", "a dispense by another patient's prescription", {
    create: () => by({ subject: at.other }),
    insteadOf: () => by(),
    as: { status: 409 },
  });
  at.refuses("medication-dispense-references", "a dispense by a prescription that there is not", {
    create: () => dispense({ authorizingPrescription: [{ reference: "MedicationRequest/none" }] }),
    insteadOf: () => dispense(),
    as: { status: 409 },
  });
  for (const [what, more] of [
    ["doNotPerform", { doNotPerform: true }],
    ["a proposal", { intent: "proposal" }],
    ["a stopped prescription", { status: "stopped" }],
    ["an expired prescription", { dispenseRequest: { validityPeriod: { end: "2020-12-31" } } }],
    ["a prescription that is not valid yet", { dispenseRequest: { validityPeriod: { start: "2999-01-01" } } }],
  ] as const) {
    at.refuses("medication-dispense-prescription", `a dispense by ${what}`, {
      create: () => by(more),
      insteadOf: () => by(),
      as: { status: 409, expression: "MedicationDispense.authorizingPrescription" },
    });
  }

  at.refuses("medication-dispense-time", "what was handed out in the future", {
    create: () => dispense({ whenHandedOver: LATER }),
    insteadOf: () => dispense({ whenHandedOver: new Date(Date.now() + 3_600_000).toISOString() }),
    as: { status: 422, expression: "MedicationDispense.whenHandedOver" },
  });

  const UCUM = "http://unitsofmeasure.org";
  const inUnit = (value: number, code: string) => ({ value, system: UCUM, code });

  const byMilligrams = () => by({ dispenseRequest: { quantity: inUnit(500, "mg") } });

  at.refuses("medication-dispense-unit", "grams of what is prescribed in milligrams", {
    create: async () => ({ ...(await byMilligrams()), quantity: inUnit(1, "g") }),
    insteadOf: async () => ({ ...(await byMilligrams()), quantity: inUnit(100, "mg") }),
    as: { status: 422, expression: "MedicationDispense.quantity" },
  });

  it.each([
    [
      "tablets of a prescription of 10 {tablet}, in words that are not its own",
      { unit: "tablet", system: UCUM, code: "{tablet}" },
      { unit: "tablets" },
      422,
    ],
    ["boxes of a prescription in tablets", { unit: "tablet" }, { unit: "box" }, 422],
    ["a local code against UCUM's", { system: UCUM, code: "{tablet}" }, { system: "urn:local", code: "TAB", unit: "Tablette" }, 422],
    ["milligrams against a word", { unit: "tablet" }, { unit: "mg", system: UCUM, code: "mg" }, 422],
    ["the same word, without a code", { unit: "tablet", system: UCUM, code: "{tablet}" }, { unit: "Tablet" }, 201],
    ["its annotation as a word", { system: UCUM, code: "{tablet}" }, { unit: "tablet" }, 201],
    [
      "a local code of the same name",
      { unit: "tablet", system: UCUM, code: "{tablet}" },
      { system: "urn:local", code: "TAB", unit: "tablet" },
      201,
    ],
    ["a number only", { unit: "tablet", system: UCUM, code: "{tablet}" }, {}, 201],
  ])("count against a prescription what is of its unit: %s", async (_, prescribed, given, status) => {
    const of = await at.stored(prescription({ dispenseRequest: { quantity: { value: 10, ...prescribed } } }));
    const dispensed = { ...dispense(), authorizingPrescription: [of], quantity: { value: 10, ...given } };
    expect(await at.fhir.create(dispensed)).toMatchObject({
      status,
      ...(status === 422 && { body: { issue: [{ expression: ["MedicationDispense.quantity"] }] } }),
    });
  });

  const other = { coding: [{ system: "urn:rx", code: "another" }] };
  at.refuses("medication-dispense-medication", "another medication than was prescribed, unless it stands for that", {
    create: () => by({}).then((it) => ({ ...it, medicationCodeableConcept: other })),
    insteadOf: () => by({}).then((it) => ({ ...it, medicationCodeableConcept: other, substitution: { wasSubstituted: true } })),
    as: { status: 409, expression: "MedicationDispense.medication" },
  });

  at.refuses("medication-dispense-references", "a dispense from a place that there is not", {
    create: () => dispense({ location: { reference: "Location/none" } }),
    insteadOf: async () => dispense({ location: await at.stored({ resourceType: "Location", name: "Dispensary" }) }),
    as: { status: 409 },
  });

  for (const value of [-1, 1e308]) {
    at.refuses("medication-dispense-value", `${value} to be dispensed`, {
      create: () => dispense({ quantity: { value } }),
      insteadOf: () => dispense({ quantity: { value: 0 } }),
      as: { status: 422, expression: "MedicationDispense.quantity" },
    });
  }
  at.refuses("medication-dispense-stock", "more than lies on the shelf", {
    create: async () => dispense({ medicationCodeableConcept: (await onShelf()).concept, quantity: { value: 11 } }),
    insteadOf: async () => dispense({ medicationCodeableConcept: (await onShelf()).concept, quantity: { value: 10 } }),
    as: { status: 409, expression: "MedicationDispense.quantity" },
  });
  at.refuses("medication-dispense-quantity", "more than was prescribed", {
    create: async () => by({ dispenseRequest: { quantity: { value: 0.5 } } }),
    insteadOf: async () => by({ dispenseRequest: { quantity: { value: 1 } } }),
    as: { status: 409 },
  });

  at.refuses("medication-dispense-quantity", "to hand out what is on the shelf without saying how much, but not to prepare it", {
    create: async () => dispense({ medicationCodeableConcept: (await onShelf()).concept, quantity: { unit: "tablet" } }),
    insteadOf: async () =>
      dispense({ medicationCodeableConcept: (await onShelf()).concept, quantity: { unit: "tablet" }, status: "preparation" }),
    as: { status: 422, expression: "MedicationDispense.quantity" },
  });
  at.refuses(
    "medication-dispense-quantity",
    "to hand out by a prescription of a quantity without saying how much, but not of the day before",
    {
      create: async () => ({ ...(await by({ dispenseRequest: { quantity: { value: 1 } } })), quantity: undefined }),
      insteadOf: async () => ({
        ...(await by({ dispenseRequest: { quantity: { value: 1 } } })),
        quantity: undefined,
        whenHandedOver: new Date(Date.now() - 90_000_000).toISOString(),
      }),
      as: { status: 422, expression: "MedicationDispense.quantity" },
    },
  );

  at.refuses("medication-dispense-deleted", "a completed dispense to be deleted", {
    remove: () => dispense(),
    allow: (it) => at.fhir.send("PUT", `/MedicationDispense/${it.id}`, { ...it, status: "entered-in-error" }),
    as: { status: 409 },
  });

  const of = (concept: object, quantity: number, more: object = {}) =>
    prescription({ medicationCodeableConcept: concept, dispenseRequest: { quantity: { value: quantity } }, ...more });

  it("keep the shelf as it is, by whichever door a dispense comes and goes ", async () => {
    const { concept, arrived, stock } = await onShelf();
    const { reference } = await at.stored(of(concept, 4));
    const handedOut = (quantity: number) =>
      dispense({ medicationCodeableConcept: concept, authorizingPrescription: [{ reference }], quantity: { value: quantity } });
    const first = await at.fhir.create(handedOut(1));
    expect(await stock()).toBe(9);
    expect(await pharmacy.dispense(at.mesh.caller, { prescription: reference, quantity: 3 })).toMatchObject({ left: 6 });
    expect((await at.fhir.get(`/${reference}`)).body.status).toBe("completed");
    expect(await at.fhir.create(handedOut(1))).toMatchObject({ status: 409 });
    const delivered = (await at.fhir.get(`/${arrived}`)).body;
    const undo = (it: { resourceType: string; id: string }) =>
      at.fhir.send("PUT", `/${it.resourceType}/${it.id}`, { ...it, status: "entered-in-error" });
    expect(await undo(delivered)).toMatchObject({ status: 409, body: { issue: [{ code: "business-rule" }] } });
    expect(await undo(first.body)).toMatchObject({ status: 200 });
    expect([await stock(), (await at.fhir.get(`/${reference}`)).body.status]).toEqual([7, "active"]);
    expect(await at.fhir.create(handedOut(1))).toMatchObject({ status: 201 });
    expect([await stock(), (await at.fhir.get(`/${reference}`)).body.status]).toEqual([6, "completed"]);
  });

  it("find a dispense that is sent again conditionally: the stock moves once, also concurrently and in a bundle", async () => {
    const { concept, stock } = await onShelf();
    const { reference } = await at.stored(of(concept, 3));
    const identifier = [{ system: "urn:rx:dispense", value: reference }];
    const one = dispense({
      identifier,
      medicationCodeableConcept: concept,
      authorizingPrescription: [{ reference }],
      quantity: { value: 2 },
    });
    const criteria = `identifier=urn:rx:dispense|${reference}`;
    const send = () => at.fhir.create(one, { "If-None-Exist": criteria });
    const answers = await Promise.all(Array.from({ length: 6 }, send));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 201]);
    const again = { resource: one, request: { method: "POST", url: "MedicationDispense", ifNoneExist: criteria } };
    const other = { resource: { resourceType: "Group", type: "person", actual: true }, request: { method: "POST", url: "Group" } };
    for (const entry of [[again], [again, other]]) {
      const { status, body } = await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
      expect([status, body.entry?.[0].response.status]).toEqual([200, "200 OK"]);
    }
    // There is no room for two more; nobody asks for them.
    expect(await send()).toMatchObject({ status: 200 });
    expect([await stock(), (await at.fhir.get(`/${reference}`)).body.status]).toEqual([8, "active"]);
  });

  it("dispense a prescription once to ten concurrent callers", async () => {
    const { concept, stock } = await onShelf();
    const { reference } = await at.stored(of(concept, 3));
    const one = dispense({ medicationCodeableConcept: concept, authorizingPrescription: [{ reference }] });
    const answers = await Promise.all(Array.from({ length: 10 }, () => at.fhir.create(one)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(7);
    expect([await stock(), (await at.fhir.get(`/${reference}`)).body.status]).toEqual([7, "completed"]);
  });
});
