/** What no prescription, dispense or delivery may become, by whichever door somebody writes. */
import { rulesTable } from "../kit/rules-table.ts";

rulesTable("the pharmacy", ["visits", "pharmacy"], (at) => {
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
  ] as const)
    at.refuses("medication-dispense-prescription", `a dispense by ${what}`, {
      create: () => by(more),
      insteadOf: () => by(),
      as: { status: 409, expression: "MedicationDispense.authorizingPrescription" },
    });
  at.refuses("medication-administration-status", "what was given to be in progress", {
    stored: () => administration(),
    change: (it) => ({ ...it, status: "in-progress" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
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
  at.refuses("supply-delivery-references", "a delivery to a patient who is not here", {
    create: () => ({ ...delivery(), patient: { reference: "Patient/nobody" } }),
    insteadOf: () => delivery(),
    as: { status: 409 },
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
