/** What no dose that was given and no delivery may become, by whichever door somebody writes. */
import { rulesTable } from "../kit/rules-table.ts";
import { LATER, medicationCodeableConcept, pharmacyRows } from "./pharmacy-rows.ts";

rulesTable("doses and deliveries", ["wards", "visits", "pharmacy"], (at) => {
  const { prescription, dispense, administration, delivery, onShelf } = pharmacyRows(at);

  let medications = 0;
  /** Of a row alone: limits count what was given of the same medication. */
  const anotherMedication = () => {
    medications += 1;
    return { medicationCodeableConcept: { coding: [{ system: "urn:rx", code: `of-row-${medications}` }] } };
  };
  const given = (request: object, more: object = {}) => ({
    resourceType: "MedicationAdministration",
    status: "completed",
    ...anotherMedication(),
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

  at.refuses("medication-administration-prescription", "a dose by a prescription that is on hold, but not one of the days before", {
    create: async () => given(await at.stored(prescription({ status: "on-hold" }))),
    insteadOf: async () => given(await at.stored(prescription({ status: "on-hold" })), { effectiveDateTime: "2026-01-01T08:00:00Z" }),
    as: { status: 409, expression: "MedicationAdministration.request" },
  });

  const ucum = (value: number, code: string) => ({ value, code, system: "http://unitsofmeasure.org" });
  const asNeeded = (more: object = {}) => {
    const repeat = { frequency: 1, period: 6, periodUnit: "h" };
    const doseAndRate = [{ doseQuantity: ucum(1, "g") }];
    return prescription({ dosageInstruction: [{ asNeededBoolean: true, timing: { repeat }, doseAndRate, ...more }] });
  };
  const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();
  /** A prescription by which a dose was given three hours ago. */
  const givenBefore = async (more: object = {}) => {
    const request = await at.stored(asNeeded(more));
    await at.stored(given(request, { effectiveDateTime: hoursAgo(3) }));
    return request;
  };
  at.refuses("medication-administration-limits", "a dose as needed too soon after the one before, but not with the reason for it", {
    create: async () => given(await givenBefore()),
    insteadOf: async () =>
      given(await givenBefore(), { extension: [{ url: "urn:openward:limit-reason", valueString: "The dose before was vomited" }] }),
    as: { status: 409, expression: "MedicationAdministration.effective" },
  });
  const twoGrams = {
    timing: undefined,
    maxDosePerPeriod: { numerator: ucum(2, "g"), denominator: ucum(24, "h") },
  };
  at.refuses("medication-administration-limits", "more in a day than its maximum, but not what is below it", {
    create: async () => given(await givenBefore(twoGrams), { dosage: { dose: ucum(1_500, "mg") } }),
    insteadOf: async () => given(await givenBefore(twoGrams), { dosage: { dose: ucum(900, "mg") } }),
    as: { status: 409, expression: "MedicationAdministration.dosage" },
  });
  const inGrams = (value: number, text = "oral") => ({ dosage: { route: { text }, dose: ucum(value, "g") } });
  /** A dose by a prescription, three hours after one by another prescription. */
  const afterAnother = async (more: object, [before, dose]: [object, object], medication: object = anotherMedication()) => {
    await at.stored(given(await at.stored(asNeeded()), { ...medication, ...before, effectiveDateTime: hoursAgo(3) }));
    return given(await at.stored(asNeeded(more)), { ...medication, ...dose });
  };
  at.refuses("medication-administration-limits", "a dose too soon after one by another prescription, but not after one by another route", {
    create: () => afterAnother({}, [inGrams(1), inGrams(1)]),
    insteadOf: () => afterAnother({}, [inGrams(1, "intravenous"), inGrams(1)]),
    as: { status: 409, expression: "MedicationAdministration.effective" },
  });
  const stored = async (more: object) => ({ medicationReference: await at.stored({ resourceType: "Medication", ...more }) });
  const asStored = { medicationCodeableConcept: undefined };
  at.refuses(
    "medication-administration-limits",
    "a dose too soon after one of the same code that is a stored Medication, but not of another",
    {
      create: async () => {
        const { medicationCodeableConcept: code } = anotherMedication();
        const before = { ...asStored, ...(await stored({ code })), ...inGrams(1) };
        return afterAnother({}, [before, { medicationCodeableConcept: code, ...inGrams(1) }]);
      },
      insteadOf: async () => {
        const before = { ...asStored, ...(await stored({ code: anotherMedication().medicationCodeableConcept })), ...inGrams(1) };
        return afterAnother({}, [before, inGrams(1)]);
      },
      as: { status: 409, expression: "MedicationAdministration.effective" },
    },
  );
  at.refuses("medication-administration-limits", "more than the maximum by two prescriptions, but not of two medications", {
    create: () => afterAnother(twoGrams, [inGrams(1, "intravenous"), inGrams(1.5)]),
    insteadOf: () => afterAnother(twoGrams, [{ ...inGrams(1), ...anotherMedication() }, inGrams(1.5)]),
    as: { status: 409, expression: "MedicationAdministration.dosage" },
  });
  at.refuses("medication-administration-limits", "what is to be given to be given too soon, but not that it was given the day before", {
    stored: async () => given(await givenBefore(), { status: "unknown" }),
    change: (it) => ({ ...it, status: "completed" }),
    instead: (it) => ({ ...it, status: "completed", effectiveDateTime: hoursAgo(30) }),
    as: { status: 409 },
  });

  at.refuses("medication-administration-limits", "what is being given to have begun too soon, but not to be described", {
    stored: async () =>
      given(await givenBefore({ timing: { repeat: { frequency: 1, period: 2, periodUnit: "h" } } }), { status: "in-progress" }),
    change: (it) => ({ ...it, effectiveDateTime: hoursAgo(2) }),
    instead: (it) => ({ ...it, note: [{ text: "well tolerated" }] }),
    as: { status: 409 },
  });

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

  at.refuses("medication-administration-time", "a dose that was given in the future", {
    create: () => administration({ effectiveDateTime: LATER }),
    insteadOf: () => administration({ status: "in-progress", effectiveDateTime: LATER }),
    as: { status: 422, expression: "MedicationAdministration.effective" },
  });

  it.each([
    ["at a moment", "2026-03-01T10:00:00Z", "2026-03-01T10:00:01+00:00", "2026-03-01T11:00:00+01:00"],
    ["on a day", "2026-03-01", "2026-03-02T10:00:00Z", "2026-03-01T23:00:00Z"],
  ])("none is given, handed out or vaccinated after a death %s", async (_, deceasedDateTime, late, intime) => {
    const subject = await at.stored({ resourceType: "Patient", deceasedDateTime });
    const all = (time: string) => ({
      "medication-administration-in-life": administration({ subject, effectivePeriod: { start: time }, effectiveDateTime: undefined }),
      "medication-dispense-in-life": dispense({ subject, whenHandedOver: time }),
      "immunization-in-life": {
        resourceType: "Immunization",
        status: "completed",
        vaccineCode: { text: "BCG" },
        patient: subject,
        occurrenceDateTime: time,
      },
    });
    for (const [rule, resource] of Object.entries(all(late))) {
      const { status, body } = await at.fhir.create(resource);
      const type = `RULE_${rule.toUpperCase().replaceAll("-", "_")}`;
      expect({ status, body }).toMatchObject({ status: 409, body: { issue: [{ details: { coding: [{ code: type }] } }] } });
      expect(
        await at.fhir.create({ ...resource, status: "not-done", ...(rule.includes("dispense") && { status: "cancelled" }) }),
      ).toMatchObject({
        status: 201,
      });
    }
    for (const resource of Object.values(all(intime))) expect(await at.fhir.create(resource)).toMatchObject({ status: 201 });
  });

  at.refuses("supply-delivery-time", "what has arrived in the future", {
    create: () => ({ resourceType: "SupplyDelivery", status: "completed", occurrenceDateTime: LATER }),
    insteadOf: () => ({ resourceType: "SupplyDelivery", status: "in-progress", occurrenceDateTime: LATER }),
    as: { status: 422, expression: "SupplyDelivery.occurrence" },
  });
  at.refuses("supply-delivery-status", "what has arrived to have no status", {
    stored: () => ({ resourceType: "SupplyDelivery", status: "completed" }),
    change: ({ status: _, ...it }) => it,
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409, expression: "SupplyDelivery.status" },
  });

  const back = ({ reference }: { reference: string }, unit: string) => ({
    resourceType: "SupplyDelivery",
    status: "completed",
    extension: [{ url: "urn:openward:return-of", valueReference: { reference } }],
    suppliedItem: { quantity: { value: 2, unit }, itemCodeableConcept: medicationCodeableConcept },
  });

  at.refuses("supply-delivery-unit", "boxes that come back of what was handed out in tablets", {
    create: async () => back(await at.stored({ ...dispense(), quantity: { value: 10, unit: "tablet" } }), "box"),
    insteadOf: async () => back(await at.stored({ ...dispense(), quantity: { value: 10, unit: "tablet" } }), "tablet"),
    as: { status: 422, expression: "SupplyDelivery.suppliedItem.quantity" },
  });

  at.refuses("medication-administration-subject", "what is being given to be given to another patient", {
    stored: () => administration({ status: "in-progress" }),
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
    at.refuses("supply-delivery-value", `${value} to arrive`, {
      create: () => ({ ...delivery(), suppliedItem: { quantity: { value } } }),
      insteadOf: () => delivery(),
      as: { status: 422, expression: "SupplyDelivery.suppliedItem.quantity" },
    });
  }
  let last = "";

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
});
