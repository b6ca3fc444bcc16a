import type {
  AllergyIntolerance,
  Composition,
  Consent,
  DeviceRequest,
  DocumentReference,
  Immunization,
  NutritionOrder,
  Observation,
  Task,
  VisionPrescription,
} from "../../fhir/r4.ts";
import { systemsAsListed } from "../../mixins/fhir/rules/systems-as-listed.ts";
import { statusSteps } from "../../mixins/fhir/rules/common.ts";
import { givenInLife, patientCanHave } from "../../mixins/fhir/rules/patient.ts";
import { patientRecordRules, patientRecords } from "../../mixins/fhir/rules/patient-record.ts";
import type { RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { signatureStays, signedStays } from "../../mixins/fhir/rules/signed.ts";
import { STATUS_STEPS } from "../../mixins/fhir/rules/statuses.ts";
import { vitalSignUnits } from "../../mixins/fhir/rules/vital-signs.ts";
import { owns } from "./records.contract.ts";

/** The rules of the patient's record, of signed notes and signatures, tasks, consents and orders. */
export const rules: RulesOf = {
  ...patientRecords(owns),
  AllergyIntolerance: [...patientRecordRules("AllergyIntolerance"), systemsAsListed<AllergyIntolerance>("AllergyIntolerance")],
  Observation: [...patientRecordRules("Observation"), systemsAsListed<Observation>("Observation"), vitalSignUnits],
  Composition: [
    ...patientRecordRules("Composition"),
    signedStays<Composition>("Composition", {
      openly: ({ status }) => status === "amended" || status === "entered-in-error",
      instead: "make it amended, or entered in error",
    }),
  ],
  DocumentReference: [
    ...patientRecordRules("DocumentReference"),
    signedStays<DocumentReference>("DocumentReference", {
      openly: ({ status, docStatus }) => docStatus === "amended" || status === "superseded" || status === "entered-in-error",
      instead: "make its docStatus amended, supersede it, or mark it as entered in error",
      besides: ["docStatus"],
    }),
  ],
  Immunization: [
    ...patientRecordRules("Immunization"),
    givenInLife<Immunization>("Immunization", {
      element: "occurrence",
      of: ({ patient }) => patient,
      givenAt: ({ status, occurrenceDateTime }) => (status === "completed" ? occurrenceDateTime : undefined),
    }),
  ],
  DeviceRequest: [
    ...patientRecordRules("DeviceRequest"),
    patientCanHave<DeviceRequest>("DeviceRequest", {
      element: "subject",
      of: ({ subject }) => subject,
      begun: ({ authoredOn }) => authoredOn,
      isOpen: ({ status, intent }) => status === "active" && /order$/.test(intent),
    }),
  ],
  NutritionOrder: [
    ...patientRecordRules("NutritionOrder"),
    patientCanHave<NutritionOrder>("NutritionOrder", {
      element: "patient",
      of: ({ patient }) => patient,
      begun: ({ dateTime }) => dateTime,
      isOpen: ({ status, intent }) => status === "active" && /order$/.test(intent),
    }),
  ],
  VisionPrescription: [
    ...patientRecordRules("VisionPrescription"),
    patientCanHave<VisionPrescription>("VisionPrescription", {
      element: "patient",
      of: ({ patient }) => patient,
      begun: ({ dateWritten }) => dateWritten,
      isOpen: ({ status }) => status === "active",
    }),
  ],
  Provenance: [signatureStays],
  Task: [
    ...patientRecordRules("Task"),
    statusSteps<Task>("Task", STATUS_STEPS.Task, {
      says: "The status of a task follows HL7's state machine: a completed, failed, rejected or cancelled task changes only to entered-in-error, and a begun task does not become requested again.",
    }),
  ],
  Consent: [
    ...patientRecordRules("Consent"),
    statusSteps<Consent>("Consent", STATUS_STEPS.Consent, {
      says: "A consent is drafted or proposed, then active or rejected; an active one ends as inactive. A consent that has ended changes only to entered-in-error; a new one is recorded instead.",
    }),
  ],
};
