/** What no prescription, dispense or delivery may become, by whichever door somebody writes. */
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { rulesTable } from "../kit/rules-table.ts";

rulesTable("the pharmacy", ["wards", "visits", "pharmacy"], (at) => {
  const medicationCodeableConcept = { coding: [{ system: "urn:rx", code: "not-kept-in-stock" }] };
  const prescription = (more: object = {}) => ({
    resourceType: "MedicationRequest",
    status: "active",
    intent: "order",
    medicationCodeableConcept,
    subject: at.patient,
    dispenseRequest: { quantity: { value: 10 } },
    ...more,
  });
  const dispense = (more: object = {}) => ({
    resourceType: "MedicationDispense",
    status: "completed",
    medicationCodeableConcept,
    subject: at.patient,
    quantity: { value: 1 },
    ...more,
  });
  const by = async (more: object = {}) => dispense({ authorizingPrescription: [await at.stored(prescription(more))] });

  at.refuses("medication-request-status", "a stopped prescription to be active again", {
    stored: () => prescription({ status: "stopped" }),
    change: (it) => ({ ...it, status: "active" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409, expression: "MedicationRequest.status" },
  });
  const given = (request: object, more: object = {}) => ({
    resourceType: "MedicationAdministration",
    status: "completed",
    medicationCodeableConcept,
    subject: at.patient,
    effectiveDateTime: new Date().toISOString(),
    request,
    ...more,
  });
  at.refuses("medication-administration-prescription", "a dose by a prescription that was stopped, but not that it was not given", {
    create: async () => given(await at.stored(prescription({ status: "stopped" }))),
    insteadOf: async () => given(await at.stored(prescription({ status: "stopped" })), { status: "not-done" }),
    as: { status: 409, expression: "MedicationAdministration.request" },
  });
  at.refuses("medication-request-subject", "a prescription to become another patient's", {
    stored: () => prescription(),
    change: (it) => ({ ...it, subject: at.other }),
    instead: (it) => ({ ...it, status: "on-hold" }),
    as: { status: 409 },
  });
  at.refuses("medication-request-patient", "a prescription for somebody who has died, but not one that is over", {
    create: () => prescription({ subject: at.dead }),
    insteadOf: () => prescription({ subject: at.dead, status: "completed" }),
    as: { status: 409 },
  });
  at.refuses("medication-request-allergy", "a medication to which a severe allergy is recorded, unless it says why", {
    create: async () => prescription({ subject: await allergic() }),
    insteadOf: async () =>
      prescription({
        subject: await allergic(),
        contained: [{ resourceType: "DetectedIssue", id: "d", status: "final", mitigation: [{ action: { text: "no other works" } }] }],
        detectedIssue: [{ reference: "#d" }],
      }),
    as: { status: 409, expression: "MedicationRequest.medicationCodeableConcept" },
  });
  const allergic = async () => {
    const patient = await at.stored({ resourceType: "Patient" });
    const clinicalStatus = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] };
    const recorded = { resourceType: "AllergyIntolerance", clinicalStatus, criticality: "high", code: medicationCodeableConcept, patient };
    await at.stored(recorded);
    return patient;
  };
  const override = {
    contained: [{ resourceType: "DetectedIssue", id: "d", status: "final", mitigation: [{ action: { text: "no other works" } }] }],
    detectedIssue: [{ reference: "#d" }],
  };
  const proposal = () => allergic().then((subject) => prescription({ subject, intent: "proposal" }));
  at.refuses("medication-request-allergy", "a proposal of it to become an order", {
    stored: proposal,
    change: (it) => ({ ...it, intent: "order" }),
    instead: (it) => ({ ...it, ...override, intent: "order" }),
    as: { status: 409, expression: "MedicationRequest.medicationCodeableConcept" },
  });
  at.refuses("medication-request-allergy", "an order of something else to become one of it", {
    stored: () => allergic().then((subject) => prescription({ subject, medicationCodeableConcept: { text: "something else" } })),
    change: (it) => ({ ...it, medicationCodeableConcept }),
    instead: (it) => ({ ...it, note: [{ text: "with meals" }] }),
    as: { status: 409, expression: "MedicationRequest.medicationCodeableConcept" },
  });
  at.refuses("medication-request-allergy", "an override to be taken away", {
    stored: () => allergic().then((subject) => prescription({ subject, ...override })),
    change: ({ detectedIssue: _, contained: __, ...it }) => it,
    instead: (it) => ({ ...it, note: [{ text: "with meals" }] }),
    as: { status: 409, expression: "MedicationRequest.medicationCodeableConcept" },
  });
  const { medicationCodeableConcept: _, ...byReference } = prescription();
  for (const kind of ["contained", "stored"]) {
    const medication = { resourceType: "Medication", code: medicationCodeableConcept };
    const ordered = async (more: object = {}) => ({
      ...byReference,
      subject: await allergic(),
      medicationReference: kind === "stored" ? await at.stored(medication) : { reference: "#m" },
      ...(kind === "contained" && { contained: [{ ...medication, id: "m" }] }),
      ...more,
    });
    at.refuses("medication-request-allergy", `a ${kind} Medication to which a severe allergy is recorded`, {
      create: () => ordered(),
      insteadOf: () => ordered({ intent: "proposal" }),
      as: { status: 409, expression: "MedicationRequest.medicationReference" },
    });
  }
  it("let a severe allergy be overridden by an action, with a reason", async () => {
    const order = {
      patient: (await allergic()).reference,
      medication: medicationCodeableConcept.coding[0] as { system: string; code: string },
      quantity: 1,
      dosage: "1 a day",
    };
    await expect(pharmacy.prescribe(at.mesh.caller, order)).rejects.toMatchObject({ code: 409, type: "ALLERGY_RECORDED" });
    const { prescription: made } = await pharmacy.prescribe(at.mesh.caller, { ...order, override: "no other works" });
    expect((await at.fhir.get(`/${made}`)).body).toMatchObject({ contained: [{ mitigation: [{ action: { text: "no other works" } }] }] });
  });
  at.refuses("medication-request-one-patient", "a prescription in another patient's visit", {
    create: async () =>
      prescription({
        encounter: await at.stored({ resourceType: "Encounter", status: "finished", class: { code: "AMB" }, subject: at.other }),
      }),
    insteadOf: () => prescription(),
    as: { status: 409 },
  });
  at.refuses("medication-request-references", "a prescription in a visit that there is not", {
    create: () => prescription({ encounter: { reference: "Encounter/none" } }),
    insteadOf: () => prescription(),
    as: { status: 409 },
  });
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
  ] as const) {
    at.refuses("medication-dispense-prescription", `a dispense by ${what}`, {
      create: () => by(more),
      insteadOf: () => by(),
      as: { status: 409, expression: "MedicationDispense.authorizingPrescription" },
    });
  }
  at.refuses("medication-administration-status", "what was given to be in progress", {
    stored: () => administration(),
    change: (it) => ({ ...it, status: "in-progress" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409 },
  });
  at.refuses("medication-administration-final", "another dose of what was given, but not that it was an error", {
    stored: () => administration(),
    change: (it) => ({ ...it, dosage: { dose: { value: 100 } } }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409 },
  });
  at.refuses("medication-administration-deleted", "a dose that was given to be deleted", {
    remove: () => administration(),
    allow: (it) => at.fhir.send("PUT", `/MedicationAdministration/${it.id}`, { ...it, status: "entered-in-error" }),
    as: { status: 409, expression: "MedicationAdministration.status" },
  });
  const later = "2999-01-01";
  at.refuses("medication-administration-time", "a dose that was given in the future", {
    create: () => administration({ effectiveDateTime: later }),
    insteadOf: () => administration({ status: "in-progress", effectiveDateTime: later }),
    as: { status: 422, expression: "MedicationAdministration.effective" },
  });
  at.refuses("medication-dispense-time", "what was handed out in the future", {
    create: () => dispense({ whenHandedOver: later }),
    insteadOf: () => dispense({ whenHandedOver: new Date(Date.now() + 3_600_000).toISOString() }),
    as: { status: 422, expression: "MedicationDispense.whenHandedOver" },
  });
  at.refuses("supply-delivery-time", "what has arrived in the future", {
    create: () => ({ resourceType: "SupplyDelivery", status: "completed", occurrenceDateTime: later }),
    insteadOf: () => ({ resourceType: "SupplyDelivery", status: "in-progress", occurrenceDateTime: later }),
    as: { status: 422, expression: "SupplyDelivery.occurrence" },
  });
  at.refuses("supply-delivery-status", "what has arrived to have no status", {
    stored: () => ({ resourceType: "SupplyDelivery", status: "completed" }),
    change: ({ status: _, ...it }) => it,
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409, expression: "SupplyDelivery.status" },
  });
  at.refuses("medication-request-value", "a prescription of fewer than none", {
    create: () => prescription({ dispenseRequest: { quantity: { value: -5 } } }),
    insteadOf: () => prescription({ dispenseRequest: { quantity: { value: 0.5 } } }),
    as: { status: 422, expression: "MedicationRequest.dispenseRequest.quantity" },
  });
  const UCUM = "http://unitsofmeasure.org";
  const inUnit = (value: number, code: string) => ({ value, system: UCUM, code });
  const back = ({ reference }: { reference: string }, unit: string) => ({
    resourceType: "SupplyDelivery",
    status: "completed",
    extension: [{ url: "urn:openward:return-of", valueReference: { reference } }],
    suppliedItem: { quantity: { value: 2, unit }, itemCodeableConcept: medicationCodeableConcept },
  });
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
  at.refuses("supply-delivery-unit", "boxes that come back of what was handed out in tablets", {
    create: async () => back(await at.stored({ ...dispense(), quantity: { value: 10, unit: "tablet" } }), "box"),
    insteadOf: async () => back(await at.stored({ ...dispense(), quantity: { value: 10, unit: "tablet" } }), "tablet"),
    as: { status: 422, expression: "SupplyDelivery.suppliedItem.quantity" },
  });
  const suppliedIn = (medication: string, quantity: object) => ({
    resourceType: "SupplyDelivery",
    status: "completed",
    type: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/supply-item-type", code: "medication" }] },
    suppliedItem: { quantity, itemCodeableConcept: { coding: [{ system: "urn:rx", code: medication }] } },
  });
  let stocks = 0;
  /** A medication whose stock is counted in tablets. */
  const inTablets = async (): Promise<string> => {
    stocks += 1;
    await at.stored(suppliedIn(`stock-${stocks}`, { value: 100, unit: "tablet" }));
    return `stock-${stocks}`;
  };
  const packOf = (medication: string) =>
    at.stored({
      resourceType: "MedicationKnowledge",
      status: "active",
      code: { coding: [{ system: "urn:rx", code: medication }] },
      packaging: { type: { text: "box" }, quantity: { value: 20, unit: "tablet" } },
    });
  at.refuses("supply-delivery-stock-unit", "boxes on a shelf of tablets, but not where the catalogue says how many a box holds", {
    create: async () => suppliedIn(await inTablets(), { value: 2, unit: "box" }),
    insteadOf: async () => {
      const medication = await inTablets();
      await packOf(medication);
      return suppliedIn(medication, { value: 2, unit: "box" });
    },
    as: { status: 422, expression: "SupplyDelivery.suppliedItem.quantity" },
  });
  at.refuses("medication-dispense-stock-unit", "millilitres off a shelf of tablets", {
    create: async () => takenOf(await inTablets(), { value: 2, unit: "ml", system: "http://unitsofmeasure.org", code: "mL" }),
    insteadOf: async () => takenOf(await inTablets(), { value: 2, system: "http://unitsofmeasure.org", code: "{tablet}" }),
    as: { status: 422, expression: "MedicationDispense.quantity" },
  });
  const takenOf = (medication: string, quantity: object) =>
    dispense({ medicationCodeableConcept: { coding: [{ system: "urn:rx", code: medication }] }, quantity });
  at.refuses("medication-dispense-stock-unit", "a prepared dispense in boxes to be handed out of a shelf of tablets", {
    stored: async () => ({ ...takenOf(await inTablets(), { value: 2, unit: "box" }), status: "preparation" }),
    change: (it) => ({ ...it, status: "completed" }),
    instead: (it) => ({ ...it, status: "completed", quantity: { value: 2, unit: "tablet" } }),
    as: { status: 422, expression: "MedicationDispense.quantity" },
  });
  at.refuses("medication-request-dispensed", "another unit of what was prescribed, once some was dispensed", {
    stored: () => prescription({ dispenseRequest: { quantity: { value: 10, unit: "tablet" } } }),
    under: ({ id }) =>
      at.stored({ ...dispense(), authorizingPrescription: [{ reference: `MedicationRequest/${id}` }], quantity: { value: 1 } }),
    change: (it) => ({ ...it, dispenseRequest: { quantity: { value: 10, unit: "box" } } }),
    instead: (it) => ({ ...it, note: [{ text: "seen" }] }),
    as: { status: 409 },
  });
  at.refuses("medication-administration-subject", "what was given to have been given to another patient", {
    stored: () => administration(),
    change: (it) => ({ ...it, subject: at.other }),
    instead: (it) => ({ ...it, note: [{ text: "well tolerated" }] }),
    as: { status: 409 },
  });
  at.refuses("medication-administration-one-patient", "what was given by another patient's prescription", {
    create: async () => administration({ request: await at.stored(prescription({ subject: at.other })) }),
    insteadOf: async () => administration({ request: await at.stored(prescription()) }),
    as: { status: 409 },
  });
  at.refuses("medication-administration-references", "what was given in a visit that there is not", {
    create: () => administration({ context: { reference: "Encounter/none" } }),
    insteadOf: () => administration(),
    as: { status: 409 },
  });
  at.refuses("supply-delivery-status", "what has arrived to be on its way", {
    stored: () => delivery(),
    change: (it) => ({ ...it, status: "in-progress" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409 },
  });
  at.refuses("supply-delivery-final", "another quantity of what has arrived", {
    stored: () => delivery(),
    change: (it) => ({ ...it, suppliedItem: { quantity: { value: 5 } } }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409 },
  });
  at.refuses("medication-dispense-references", "a dispense from a place that there is not", {
    create: () => dispense({ location: { reference: "Location/none" } }),
    insteadOf: async () => dispense({ location: await at.stored({ resourceType: "Location", name: "Dispensary" }) }),
    as: { status: 409 },
  });
  at.refuses("supply-delivery-references", "a delivery to a place that there is not", {
    create: () => ({ ...delivery(), destination: { reference: "Location/none" } }),
    insteadOf: async () => ({ ...delivery(), destination: await at.stored({ resourceType: "Location", name: "Cold store" }) }),
    as: { status: 409 },
  });
  at.refuses("supply-delivery-references", "a delivery to a patient who is not here", {
    create: () => ({ ...delivery(), status: "in-progress", patient: { reference: "Patient/nobody" } }),
    insteadOf: () => delivery(),
    as: { status: 409 },
  });

  for (const value of [-1, 1e308]) {
    at.refuses("medication-dispense-value", `${value} to be dispensed`, {
      create: () => dispense({ quantity: { value } }),
      insteadOf: () => dispense({ quantity: { value: 0 } }),
      as: { status: 422, expression: "MedicationDispense.quantity" },
    });
    at.refuses("supply-delivery-value", `${value} to arrive`, {
      create: () => ({ ...delivery(), suppliedItem: { quantity: { value } } }),
      insteadOf: () => delivery(),
      as: { status: 422, expression: "SupplyDelivery.suppliedItem.quantity" },
    });
  }

  let kept = 0;
  /** A medication of which ten lie on the shelf, and how many do. */
  const onShelf = async () => {
    kept += 1;
    const medication = { system: "urn:rx", code: `kept-${kept}` };
    const { delivery: arrived } = await pharmacy.receive(at.mesh.caller, { medication, quantity: 10 });
    const stock = async () => (await pharmacy.listStock(at.mesh.caller, { medication: `urn:rx|kept-${kept}` }))[0]?.quantity;
    return { concept: { coding: [medication] }, arrived, stock };
  };
  const of = (concept: object, quantity: number, more: object = {}) =>
    prescription({ medicationCodeableConcept: concept, dispenseRequest: { quantity: { value: quantity } }, ...more });

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
  at.refuses("medication-request-dispensed", "50 in place of 10 once something was dispensed", {
    stored: async () => prescription(),
    under: async (it) => {
      await at.stored(dispense({ authorizingPrescription: [{ reference: `MedicationRequest/${it.id}` }] }));
    },
    change: (it) => ({ ...it, dispenseRequest: { quantity: { value: 50 } } }),
    instead: (it) => ({ ...it, note: [{ text: "with meals" }] }),
    as: { status: 409, expression: "MedicationRequest.dispenseRequest" },
  });
  at.refuses("supply-delivery-stock", "a delivery to be deleted of which something was dispensed", {
    remove: async () => (await at.fhir.get(`/${(await onShelf()).arrived}`)).body,
    under: async (it) => {
      const { itemCodeableConcept } = it.suppliedItem as { itemCodeableConcept: object };
      last = (await at.stored(dispense({ medicationCodeableConcept: itemCodeableConcept, quantity: { value: 15 } }))).reference;
    },
    allow: async () => {
      const { body } = await at.fhir.get(`/${last}`);
      await at.fhir.send("PUT", `/${last}`, { ...body, status: "entered-in-error" });
    },
    as: { status: 409 },
  });
  let last = "";
  at.refuses("medication-dispense-deleted", "a completed dispense to be deleted", {
    remove: () => dispense(),
    allow: (it) => at.fhir.send("PUT", `/MedicationDispense/${it.id}`, { ...it, status: "entered-in-error" }),
    as: { status: 409 },
  });

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

  it("find a dispense that is sent again conditionally: the shelf moves once, also at the same moment and in a bundle", async () => {
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

  it("hand out a prescription once to ten who come at the same moment", async () => {
    const { concept, stock } = await onShelf();
    const { reference } = await at.stored(of(concept, 3));
    const one = dispense({ medicationCodeableConcept: concept, authorizingPrescription: [{ reference }] });
    const answers = await Promise.all(Array.from({ length: 10 }, () => at.fhir.create(one)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(7);
    expect([await stock(), (await at.fhir.get(`/${reference}`)).body.status]).toEqual([7, "completed"]);
  });

  function administration(more: object = {}) {
    return {
      resourceType: "MedicationAdministration",
      status: "completed",
      medicationCodeableConcept,
      subject: at.patient,
      effectiveDateTime: "2026-01-05",
      ...more,
    };
  }
  function delivery() {
    return { resourceType: "SupplyDelivery", status: "completed", suppliedItem: { quantity: { value: 10 } } };
  }
});
