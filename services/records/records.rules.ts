import type {
  AllergyIntolerance,
  CarePlan,
  ClinicalImpression,
  Composition,
  Condition,
  Consent,
  DocumentReference,
  FamilyMemberHistory,
  Immunization,
  Observation,
  Procedure,
  Task,
} from "../../fhir/r4.ts";
import { statusSteps, subjectStays } from "../../mixins/fhir/rules/common.ts";
import type { RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { sameSubject } from "../../mixins/fhir/rules/same-subject.ts";
import { signatureStays, signedStays } from "../../mixins/fhir/rules/signed.ts";
import { STATUS_STEPS } from "../../mixins/fhir/rules/statuses.ts";

/** What holds for what is on a patient's record, signed notes and signatures, tasks and consents, whoever writes them. */
export const rules: RulesOf = {
  AllergyIntolerance: [
    subjectStays<AllergyIntolerance>("AllergyIntolerance", "patient", ({ patient }) => patient),
    sameSubject<AllergyIntolerance>("AllergyIntolerance", ({ patient }) => patient, ["encounter"]),
  ],
  CarePlan: [
    subjectStays<CarePlan>("CarePlan", "subject", ({ subject }) => subject),
    sameSubject<CarePlan>("CarePlan", ({ subject }) => subject, ["encounter"]),
  ],
  ClinicalImpression: [
    subjectStays<ClinicalImpression>("ClinicalImpression", "subject", ({ subject }) => subject),
    sameSubject<ClinicalImpression>("ClinicalImpression", ({ subject }) => subject, ["encounter"]),
  ],
  Condition: [
    subjectStays<Condition>("Condition", "subject", ({ subject }) => subject),
    sameSubject<Condition>("Condition", ({ subject }) => subject, ["encounter"]),
  ],
  FamilyMemberHistory: [subjectStays<FamilyMemberHistory>("FamilyMemberHistory", "patient", ({ patient }) => patient)],
  Observation: [subjectStays<Observation>("Observation", "subject", ({ subject }) => subject)],
  Composition: [
    subjectStays<Composition>("Composition", "subject", ({ subject }) => subject),
    sameSubject<Composition>("Composition", ({ subject }) => subject, ["encounter"]),
    signedStays<Composition>("Composition", {
      openly: ({ status }) => status === "amended" || status === "entered-in-error",
      instead: "make it amended, or entered in error",
    }),
  ],
  DocumentReference: [
    subjectStays<DocumentReference>("DocumentReference", "subject", ({ subject }) => subject),
    sameSubject<DocumentReference>("DocumentReference", ({ subject }) => subject, ["context.encounter"]),
    signedStays<DocumentReference>("DocumentReference", {
      openly: ({ status, docStatus }) => docStatus === "amended" || status === "superseded" || status === "entered-in-error",
      instead: "make its docStatus amended, supersede it, or mark it as entered in error",
      besides: ["docStatus"],
    }),
  ],
  Provenance: [signatureStays],
  Procedure: [
    subjectStays<Procedure>("Procedure", "subject", ({ subject }) => subject),
    sameSubject<Procedure>("Procedure", ({ subject }) => subject, ["encounter"]),
  ],
  Immunization: [
    subjectStays<Immunization>("Immunization", "patient", ({ patient }) => patient),
    sameSubject<Immunization>("Immunization", ({ patient }) => patient, ["encounter"]),
  ],
  Task: [
    subjectStays<Task>("Task", "for", (it) => it.for),
    statusSteps<Task>("Task", STATUS_STEPS.Task, {
      says: "A task goes the way of HL7's state machine: one that is completed, failed, rejected or cancelled changes to entered-in-error only, one that was begun is not merely requested again.",
    }),
  ],
  Consent: [
    subjectStays<Consent>("Consent", "patient", ({ patient }) => patient),
    statusSteps<Consent>("Consent", STATUS_STEPS.Consent, {
      says: "A consent is drafted or proposed, then active or rejected; an active one ends as inactive. What has ended changes to entered-in-error only: it is given anew.",
    }),
  ],
};
