import type { CodeableConcept, DiagnosticReport, Observation, Quantity, ServiceRequest, Specimen } from "../../fhir/r4.ts";
import { numberOf } from "../../fhir/json.ts";
import { isUcum, UCUM } from "../../fhir/ucum.ts";
import { systemsAsListed } from "../../mixins/fhir/rules/systems-as-listed.ts";
import { placeOf, refusal, statusSteps, subjectStays } from "../../mixins/fhir/rules/common.ts";
import { finalNotDeleted, notDeletedUnder } from "../../mixins/fhir/rules/deletion.ts";
import { notInFuture } from "../../mixins/fhir/rules/done.ts";
import { finalStays } from "../../mixins/fhir/rules/final.ts";
import { isOfThePast } from "../../mixins/fhir/rules/past.ts";
import { patientCanHave } from "../../mixins/fhir/rules/patient.ts";
import { amendmentReason } from "../../mixins/fhir/rules/reasons.ts";
import { onePatient, patientRecords } from "../../mixins/fhir/rules/patient-record.ts";
import { referencesExist } from "../../mixins/fhir/rules/references-exist.ts";
import { type Change, lookedAt, type Rule, type RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { signedStays } from "../../mixins/fhir/rules/signed.ts";
import { STATUS_STEPS } from "../../mixins/fhir/rules/statuses.ts";
import { vitalSignUnits } from "../../mixins/fhir/rules/vital-signs.ts";

const INSTEAD = "mark it as entered in error instead.";
const OVER = "After its end, the status changes only to entered-in-error";
const subjectOf = <Of extends { subject?: { reference?: string } }>({ subject }: Of) => subject;

const hasCode = (concepts: CodeableConcept[] | undefined, code: string): boolean =>
  concepts?.some(({ coding }) => coding?.some((it) => it.code === code)) ?? false;

const FINAL = ["final", "amended", "corrected", "appended"];
const isFinal = ({ status }: { status?: string }): boolean => FINAL.includes(status ?? "");

/** Whether it is final, and of a patient. */
const isFinalAct = (it: Observation | DiagnosticReport): boolean => isFinal(it) && it.subject !== undefined;
const RELEASED = "It was released: cancel it, or mark it as entered in error, if it was wrong.";

const AMENDED = ["amended", "corrected", "appended", "cancelled", "entered-in-error"];

const order: Rule<ServiceRequest>[] = [
  statusSteps<ServiceRequest>("ServiceRequest", STATUS_STEPS.ServiceRequest, { says: `${OVER} (a completed or revoked order).` }),
  subjectStays<ServiceRequest>("ServiceRequest", "subject", subjectOf),
  patientCanHave<ServiceRequest>("ServiceRequest", {
    element: "subject",
    of: subjectOf,
    begun: ({ authoredOn }) => authoredOn,
    isOpen: ({ status, intent }) => status === "active" && /order$/.test(intent),
  }),
  ...onePatient<ServiceRequest>("ServiceRequest"),
  systemsAsListed<ServiceRequest>("ServiceRequest"),
  referencesExist<ServiceRequest>("ServiceRequest"),
  notDeletedUnder<ServiceRequest>("ServiceRequest", INSTEAD),
];

const specimen: Rule<Specimen>[] = [
  statusSteps<Specimen>("Specimen", STATUS_STEPS.Specimen, {
    says: "The status of an unsatisfactory Specimen changes only to entered-in-error.",
  }),
  subjectStays<Specimen>("Specimen", "subject", subjectOf),
  ...onePatient<Specimen>("Specimen"),
  notInFuture<Specimen>("Specimen", {
    statuses: ["available", "unavailable", "unsatisfactory"],
    times: ({ collection }) => ({ collection: collection?.collectedDateTime ?? collection?.collectedPeriod?.start }),
  }),
  systemsAsListed<Specimen>("Specimen"),
  referencesExist<Specimen>("Specimen"),
  notDeletedUnder<Specimen>("Specimen", INSTEAD),
];

/** A result stays with the laboratory: otherwise, in the records, a plain update could change it. */
const staysLaboratory: Rule<Observation> = {
  id: "observation-laboratory",
  group: "status",
  says: "A final laboratory result keeps the category laboratory, so that the rules of no other service apply to it.",
  check({ before, after }) {
    if (!before || !after || !isFinal(before) || !hasCode(before.category, "laboratory") || hasCode(after.category, "laboratory")) {
      return undefined;
    }
    return refusal("observation-laboratory", "It is a final laboratory result: keep its category laboratory.", "Observation.category");
  },
};

const SNOMED = "http://snomed.info/sct";
/** Request categories of R4 other than the laboratory, and physiotherapy (SNOMED CT). Any other category may be the laboratory's. */
const OTHER_ORDERS = new Set([
  "363679005", // imaging
  "409063005", // counselling
  "409073007", // education
  "387713003", // surgical procedure
  "722138006", // physiotherapy
  "91251008", // physical therapy procedure
]);

/** Whether an order says by SNOMED CT, and only by it, that it is not for the laboratory. */
function isForOthers(category: CodeableConcept[] | undefined): boolean {
  const codes = (category ?? []).flatMap(({ coding = [] }) =>
    coding.flatMap(({ system, code }) => (system === SNOMED && code ? [code] : [])),
  );
  return codes.length > 0 && codes.every((code) => OTHER_ORDERS.has(code));
}

/** Orders that a change adds to a result. */
const newOrders = (change: Change<Observation>): (string | undefined)[] => {
  const known = new Set(lookedAt(change)?.basedOn?.map(placeOf));
  return change.after?.basedOn?.filter((it) => !known.has(placeOf(it))).map(({ reference }) => reference) ?? [];
};

/** Orders of a result that becomes final now; of a past one, the order may have been revoked since. */
function ordersOfFinal({ before, after, now }: Change<Observation>): string[] {
  if (!after || !isFinalAct(after) || (before && isFinalAct(before)) || isOfThePast(after, now)) return [];
  return after.basedOn?.flatMap((it) => placeOf(it) ?? []) ?? [];
}

const REVOKED = ["revoked", "entered-in-error"];

const orderedHere: Rule<Observation> = {
  id: "observation-order",
  group: "references",
  says: "A laboratory result is not based on an order for something else (a referral to physiotherapy), and does not become final for an order that was revoked or entered in error.",
  facts: (change) => [...newOrders(change), ...ordersOfFinal(change)],
  check(change, facts) {
    const revoked = ordersOfFinal(change).find((it) => REVOKED.includes((facts.of(it)?.resource as Partial<ServiceRequest>)?.status ?? ""));
    if (revoked !== undefined) {
      const message = `${revoked} was revoked, or entered in error: order the test again, or leave the order out.`;
      return refusal("observation-order", message, "Observation.basedOn");
    }
    const other = newOrders(change).find((it) => isForOthers(facts.of(it)?.resource?.category as CodeableConcept[] | undefined));
    if (other === undefined) return undefined;
    return refusal("observation-order", `${other} is no order for the laboratory: refer to one that is.`, "Observation.basedOn");
  },
};

/** Greater than anything that is measured or counted: a larger number is a mistake. */
const LARGEST = 1e15;
/** Masses, counts and activities per volume or mass cannot be negative; differences (base excess, mmol/L) can. */
const NEVER_NEGATIVE = /^(?:[kcdmunpf]?g|10\*\d+|\[?[kmu]?I?U\]?|\{[^}]*\})\/(?:\d*[dcmunpf]?L|[kmu]?g|u[Ll])$/;

const sane: Rule<Observation> = {
  id: "observation-value",
  group: "values",
  holdsAlways: true,
  says: "A measured value is possible: below 1e15, and not negative in a unit of mass, count or activity per volume.",
  check({ after }) {
    for (const { value, at } of quantitiesIn(after)) {
      const number = numberOf(value.value);
      if (number === undefined) continue;
      const isTooLarge = !Number.isFinite(number) || Math.abs(number) >= LARGEST;
      if (isTooLarge || (number < 0 && NEVER_NEGATIVE.test(value.code ?? value.unit ?? ""))) {
        return refusal("observation-value", "No measurement has this value in this unit: correct it.", at, 422);
      }
    }
    return undefined;
  },
};

const unit: Rule<Observation> = {
  id: "observation-unit",
  group: "values",
  holdsAlways: true,
  says: "If the unit of a result is given as a UCUM code, UCUM has this code.",
  check({ before, after }) {
    const kept = new Set(quantitiesIn(before).map(({ value }) => value.code));
    const wrong = quantitiesIn(after).find(
      ({ value: { system, code } }) => system === UCUM && code !== undefined && !kept.has(code) && !isUcum(code),
    );
    if (!wrong) return undefined;
    return refusal("observation-unit", "UCUM has no such unit: correct the code, or leave it out and name the unit.", wrong.at, 422);
  },
};

type Measured = Pick<Observation, "valueQuantity" | "valueRange" | "valueRatio" | "valueSampledData">;

/** All quantities of a value, in any form. */
const measured = ({ valueQuantity, valueRange, valueRatio, valueSampledData }: Measured): Quantity[] =>
  [valueQuantity, valueRange?.low, valueRange?.high, valueRatio?.numerator, valueRatio?.denominator, valueSampledData?.origin].filter(
    (it) => it !== undefined,
  );

function quantitiesIn(after: Observation | undefined) {
  const own = after ? measured(after).map((value) => ({ value, at: "Observation.value" })) : [];
  const parts = after?.component?.flatMap((component, index) =>
    measured(component).map((value) => ({ value, at: `Observation.component[${index}].value` })),
  );
  return [...own, ...(parts ?? [])];
}

const result: Rule<Observation>[] = [
  staysLaboratory,
  statusSteps<Observation>("Observation", STATUS_STEPS.Observation, {
    says: "A final result becomes amended, corrected or cancelled, never preliminary again.",
    isAct: ({ subject }) => subject !== undefined,
  }),
  finalStays<Observation>("Observation", {
    isFinal: isFinalAct,
    openly: ["amended", "corrected", "cancelled", "entered-in-error"],
  }),
  amendmentReason<Observation>("Observation", {
    isFinal: isFinalAct,
    by: AMENDED,
    elements: ["note"],
  }),
  subjectStays<Observation>("Observation", "subject", subjectOf),
  ...onePatient<Observation>("Observation"),
  orderedHere,
  sane,
  unit,
  vitalSignUnits,
  systemsAsListed<Observation>("Observation"),
  notInFuture<Observation>("Observation", {
    statuses: FINAL,
    times: ({ effectiveDateTime, effectiveInstant, effectivePeriod, effectiveTiming }) => ({
      effective: effectiveDateTime ?? effectiveInstant ?? effectivePeriod?.start ?? effectiveTiming?.event?.[0],
    }),
  }),
  referencesExist<Observation>("Observation"),
  notDeletedUnder<Observation>("Observation", INSTEAD),
  finalNotDeleted<Observation>("Observation", {
    what: "A final result of an order",
    // A report without an order may not be an act of this hospital, but only be stored here.
    isFinal: (it) => isFinalAct(it) && (it.basedOn?.length ?? 0) > 0,
    message: RELEASED,
  }),
];

const report: Rule<DiagnosticReport>[] = [
  statusSteps<DiagnosticReport>("DiagnosticReport", STATUS_STEPS.DiagnosticReport, {
    says: "A final report becomes amended, corrected, appended or cancelled, never preliminary again.",
    isAct: ({ subject }) => subject !== undefined,
  }),
  finalStays<DiagnosticReport>("DiagnosticReport", {
    isFinal: isFinalAct,
    openly: ["amended", "corrected", "appended", "cancelled", "entered-in-error"],
  }),
  amendmentReason<DiagnosticReport>("DiagnosticReport", {
    isFinal: isFinalAct,
    by: AMENDED,
    elements: [],
  }),
  signedStays<DiagnosticReport>("DiagnosticReport", {
    openly: ({ status }) => ["amended", "corrected", "appended", "cancelled", "entered-in-error"].includes(status),
    instead: "give it a status that says how it changes: amended, corrected, appended, cancelled, entered-in-error",
  }),
  subjectStays<DiagnosticReport>("DiagnosticReport", "subject", subjectOf),
  ...onePatient<DiagnosticReport>("DiagnosticReport"),
  notInFuture<DiagnosticReport>("DiagnosticReport", {
    statuses: FINAL,
    times: ({ issued, effectiveDateTime, effectivePeriod }) => ({ issued, effective: effectiveDateTime ?? effectivePeriod?.start }),
  }),
  systemsAsListed<DiagnosticReport>("DiagnosticReport"),
  referencesExist<DiagnosticReport>("DiagnosticReport"),
  finalNotDeleted<DiagnosticReport>("DiagnosticReport", { what: "A final report", isFinal: isFinalAct, message: RELEASED }),
];

/** The rules of orders, specimens, results, reports and images. */
export const rules: RulesOf = {
  ServiceRequest: order,
  Specimen: specimen,
  Observation: result,
  DiagnosticReport: report,
  ...patientRecords(["ImagingStudy", "Media"]),
};
