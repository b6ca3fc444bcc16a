/** What no prescription may become, by whichever door somebody writes. */
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { rulesTable } from "../kit/rules-table.ts";
import { medicationCodeableConcept, pharmacyRows } from "./pharmacy-rows.ts";

rulesTable("prescriptions", ["wards", "visits", "pharmacy"], (at) => {
  const { prescription, dispense } = pharmacyRows(at);

  at.refuses("medication-request-status", "a stopped prescription to be active again", {
    stored: () => prescription({ status: "stopped" }),
    change: (it) => ({ ...it, status: "active" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409, expression: "MedicationRequest.status" },
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
  const STATUS = { system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical" };
  const allergicBy = async (more: object) => {
    const patient = await at.stored({ resourceType: "Patient" });
    const clinicalStatus = {
      coding: [
        { system: "urn:local", code: "a" },
        { ...STATUS, code: "active" },
      ],
    };
    await at.stored({ resourceType: "AllergyIntolerance", clinicalStatus, criticality: "high", patient, ...more });
    return prescription({ subject: patient });
  };
  const reaction = [{ substance: medicationCodeableConcept, manifestation: [{ text: "rash" }] }];
  at.refuses(
    "medication-request-allergy",
    "a medication to which an allergy is active by the second code of its status, not one that is resolved",
    {
      create: () => allergicBy({ code: medicationCodeableConcept }),
      insteadOf: () =>
        allergicBy({
          code: medicationCodeableConcept,
          clinicalStatus: {
            coding: [
              { system: "urn:local", code: "r" },
              { ...STATUS, code: "resolved" },
            ],
          },
        }),
      as: { status: 409 },
    },
  );
  at.refuses("medication-request-allergy", "a medication that is named as the substance of a reaction, but not of a mild allergy", {
    create: () => allergicBy({ code: { text: "antibiotics" }, reaction }),
    insteadOf: () => allergicBy({ code: { text: "antibiotics" }, reaction, criticality: "low" }),
    as: { status: 409 },
  });
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
    const made = { resourceType: "Medication", code: { text: "of two" }, ingredient: [{ itemCodeableConcept: medicationCodeableConcept }] };
    at.refuses("medication-request-allergy", `a ${kind} Medication with an ingredient to which a severe allergy is recorded`, {
      create: async () =>
        ordered(kind === "stored" ? { medicationReference: await at.stored(made) } : { contained: [{ ...made, id: "m" }] }),
      insteadOf: () => ordered({ intent: "proposal" }),
      as: { status: 409, expression: "MedicationRequest.medicationReference" },
    });
    at.refuses(
      "medication-request-allergy",
      `a ${kind} Medication with a Medication as its ingredient, to which a severe allergy is recorded`,
      {
        create: async () => {
          const compound = { ...made, ingredient: [{ itemReference: await at.stored(medication) }] };
          return ordered(
            kind === "stored" ? { medicationReference: await at.stored(compound) } : { contained: [{ ...compound, id: "m" }] },
          );
        },
        insteadOf: () => ordered({ intent: "proposal" }),
        as: { status: 409, expression: "MedicationRequest.medicationReference" },
      },
    );
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

  at.refuses("medication-request-value", "a prescription of fewer than none", {
    create: () => prescription({ dispenseRequest: { quantity: { value: -5 } } }),
    insteadOf: () => prescription({ dispenseRequest: { quantity: { value: 0.5 } } }),
    as: { status: 422, expression: "MedicationRequest.dispenseRequest.quantity" },
  });

  at.refuses("medication-request-dispensed", "another unit of what was prescribed, once some was dispensed", {
    stored: () => prescription({ dispenseRequest: { quantity: { value: 10, unit: "tablet" } } }),
    under: ({ id }) =>
      at.stored({ ...dispense(), authorizingPrescription: [{ reference: `MedicationRequest/${id}` }], quantity: { value: 1 } }),
    change: (it) => ({ ...it, dispenseRequest: { quantity: { value: 10, unit: "box" } } }),
    instead: (it) => ({ ...it, note: [{ text: "seen" }] }),
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
});
