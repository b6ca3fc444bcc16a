import type { MedicationAdministration, MedicationRequest } from "../../fhir/r4.ts";
import { statusSteps, subjectStays } from "../../mixins/fhir/rules/common.ts";
import { finalNotDeleted } from "../../mixins/fhir/rules/deletion.ts";
import { notInFuture } from "../../mixins/fhir/rules/done.ts";
import { finalStays } from "../../mixins/fhir/rules/final.ts";
import { givenInLife } from "../../mixins/fhir/rules/patient.ts";
import { PAST_MS } from "../../mixins/fhir/rules/past.ts";
import { amendmentReason } from "../../mixins/fhir/rules/reasons.ts";
import { onePatient } from "../../mixins/fhir/rules/patient-record.ts";
import { referencesExist } from "../../mixins/fhir/rules/references-exist.ts";
import { refusalBy, type Rule } from "../../mixins/fhir/rules/rule.ts";
import { STATUS_STEPS } from "../../mixins/fhir/rules/statuses.ts";
import { doseLimits } from "./dose-limit-rule.ts";
import { givenAt, isGiven, newlyGivenBy } from "./given-doses.ts";
import { prescriptionNotActive } from "./pharmacy.errors.ts";
import { isOrder } from "./pharmacy.model.ts";
import { counted, OVER, subjectOf } from "./shared-rules.ts";
import { typed } from "../../fhir/typed.ts";

const administrable: Rule<MedicationAdministration> = {
  id: "medication-administration-prescription",
  group: "status",
  says: 'A dose is given by a prescription that is an order, is not "do not perform", and was neither stopped, put on hold nor withdrawn; past doses of one that was stopped or put on hold can be recorded.',
  facts: (change) => [newlyGivenBy(change)],
  check(change, facts) {
    const place = newlyGivenBy(change);
    const request = typed<MedicationRequest>(facts.of(place)?.resource);
    if (place === undefined || !request) return undefined;
    const given = (change.after && givenAt(change.after)) ?? change.now.getTime();
    const isOver = !["active", "completed", "unknown"].includes(request.status);
    const isPast = (request.status === "stopped" || request.status === "on-hold") && given <= change.now.getTime() - PAST_MS;
    const isRight = isOrder(request) && request.doNotPerform !== true && (!isOver || isPast);
    return isRight ? undefined : refusalBy(prescriptionNotActive(place), "MedicationAdministration.request");
  },
};

/** The rules of doses. */
export const administration: Rule<MedicationAdministration>[] = [
  statusSteps<MedicationAdministration>("MedicationAdministration", STATUS_STEPS.MedicationAdministration, {
    says: `${OVER} (a dose that was given, stopped or not done).`,
  }),
  finalStays<MedicationAdministration>("MedicationAdministration", {
    isFinal: ({ status }) => status === "completed",
    openly: ["entered-in-error"],
    besides: ["statusReason"],
  }),
  amendmentReason<MedicationAdministration>("MedicationAdministration", {
    isFinal: ({ status }) => status === "completed",
    by: ["entered-in-error"],
    elements: ["statusReason", "note"],
  }),
  subjectStays<MedicationAdministration>("MedicationAdministration", "subject", subjectOf),
  givenInLife<MedicationAdministration>("MedicationAdministration", {
    element: "effective",
    of: subjectOf,
    givenAt: (it) => (isGiven(it) ? (it.effectiveDateTime ?? it.effectivePeriod?.start) : undefined),
  }),
  ...onePatient<MedicationAdministration>("MedicationAdministration"),
  referencesExist<MedicationAdministration>("MedicationAdministration"),
  administrable,
  doseLimits,
  notInFuture<MedicationAdministration>("MedicationAdministration", {
    statuses: ["completed"],
    times: ({ effectiveDateTime, effectivePeriod }) => ({ effective: effectiveDateTime ?? effectivePeriod?.start }),
  }),
  finalNotDeleted<MedicationAdministration>("MedicationAdministration", {
    what: "A dose that was given",
    isFinal: ({ status }) => status === "completed",
    message: "It was given: mark it as entered in error, if it was not.",
  }),
  counted("medication-administration-stock", "A dose is given from a stock only if the stock has it."),
  counted("medication-administration-lot", "A dose is not given from a lot that has expired or is blocked."),
];
