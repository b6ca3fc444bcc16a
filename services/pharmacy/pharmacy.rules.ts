import { intervalOf } from "../../fhir/dates.ts";
import type {
  Medication,
  MedicationAdministration,
  MedicationDispense,
  MedicationKnowledge,
  MedicationRequest,
  Reference,
  SupplyDelivery,
  SupplyRequest,
} from "../../fhir/r4.ts";
import { systemsAsListed } from "../../mixins/fhir/rules/systems-as-listed.ts";
import { placeOf, statusSteps, subjectStays } from "../../mixins/fhir/rules/common.ts";
import { finalNotDeleted, notDeletedUnder } from "../../mixins/fhir/rules/deletion.ts";
import { notInFuture } from "../../mixins/fhir/rules/done.ts";
import { finalStays } from "../../mixins/fhir/rules/final.ts";
import { givenInLife, patientCanHave } from "../../mixins/fhir/rules/patient.ts";
import { PAST_MS } from "../../mixins/fhir/rules/past.ts";
import { onePatient, patientRecordRules, patientRecords } from "../../mixins/fhir/rules/patient-record.ts";
import { amendmentReason } from "../../mixins/fhir/rules/reasons.ts";
import { referencesExist } from "../../mixins/fhir/rules/references-exist.ts";
import { type Change, type Facts, refusalBy, type Rule, type RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { signedStays } from "../../mixins/fhir/rules/signed.ts";
import { STATUS_STEPS } from "../../mixins/fhir/rules/statuses.ts";
import { administration } from "./administration-rules.ts";
import { allergy } from "./allergy.ts";
import { dispenseNotCompleted, dispenseNotFound, prescriptionNotActive } from "./pharmacy.errors.ts";
import { isOrder, prescribedBy } from "./pharmacy.model.ts";
import { keptOf, returnOf } from "./returns.model.ts";
import { deliveredInStockUnit, dispensedInStockUnit } from "./stock/moved-by.ts";
import { sameMedication } from "./same-medication.ts";
import { counted, OVER, possibleQuantity, subjectOf } from "./shared-rules.ts";
import { typed } from "../../fhir/typed.ts";
import { dispensedUnit, returnedUnit } from "./unit-rules.ts";

const prescription: Rule<MedicationRequest>[] = [
  statusSteps<MedicationRequest>("MedicationRequest", STATUS_STEPS.MedicationRequest, {
    says: `${OVER} (a completed, cancelled or stopped prescription); a completed prescription becomes active again when a dispense of it is undone or returned.`,
    may: ({ before, after, reference }, facts) =>
      before?.status === "completed" && after?.status === "active" && isUndone(reference, facts),
  }),
  signedStays<MedicationRequest>("MedicationRequest", {
    openly: ({ status }) => status === "entered-in-error",
    instead: "stop or cancel it and prescribe anew",
    besides: ["statusReason"],
  }),
  subjectStays<MedicationRequest>("MedicationRequest", "subject", subjectOf),
  patientCanHave<MedicationRequest>("MedicationRequest", {
    element: "subject",
    of: subjectOf,
    begun: ({ authoredOn }) => authoredOn,
    isOpen: (it) => it.status === "active" && isOrder(it),
  }),
  ...onePatient<MedicationRequest>("MedicationRequest"),
  referencesExist<MedicationRequest>("MedicationRequest"),
  allergy,
  possibleQuantity<MedicationRequest>(
    "medication-request-value",
    "MedicationRequest.dispenseRequest.quantity",
    ({ dispenseRequest }) => dispenseRequest?.quantity,
  ),
  counted(
    "medication-request-dispensed",
    "The medication and the quantity of a prescription cannot change after a dispense of it: prescribe anew.",
  ),
  notDeletedUnder<MedicationRequest>("MedicationRequest", "mark it as entered in error instead."),
];

/** Whether the same write undoes a dispense of the prescription, or returns some of it. */
function isUndone(prescribed: string, facts: Facts): boolean {
  return facts.written("MedicationDispense").some((it) => {
    const before = typed<MedicationDispense>(facts.replacedBy(it));
    if (before?.status !== "completed") return false;
    if (it.status !== "entered-in-error" && keptOf(typed<MedicationDispense>(it)) >= keptOf(before)) return false;
    return before.authorizingPrescription?.some((one) => placeOf(one) === prescribed);
  });
}

/** Statuses of dispenses that are, or are being, handed out. */
const HANDED_OUT = ["preparation", "in-progress", "completed"];
const isHandedOut = ({ status }: Pick<MedicationDispense, "status">): boolean => HANDED_OUT.includes(status);

/** Prescriptions of a dispense that this change makes, or moves beyond preparation. */
function newPrescriptions({ before, after }: Change<MedicationDispense>): Reference[] {
  if (!after || !isHandedOut(after)) return [];
  const isCompleted = after.status === "completed" && before?.status !== "completed";
  const known = new Set(before && isHandedOut(before) && !isCompleted ? before.authorizingPrescription?.map(placeOf) : []);
  return after.authorizingPrescription?.filter((it) => !known.has(placeOf(it))) ?? [];
}

const dispensable: Rule<MedicationDispense> = {
  id: "medication-dispense-prescription",
  group: "status",
  says: 'A dispense needs an active prescription that is an order, is not "do not perform", and has not expired, both when the dispense begins and when it is handed out; nothing is handed out before it is valid.',
  facts: (change) => newPrescriptions(change).map(({ reference }) => reference),
  check(change, facts) {
    for (const it of newPrescriptions(change)) {
      const why = reasonAgainst(typed<MedicationRequest>(facts.of(it.reference)?.resource), change);
      if (why === undefined) continue;
      const { type, data } = prescriptionNotActive(placeOf(it) ?? "");
      return { code: 409, type, message: why, at: "MedicationDispense.authorizingPrescription", data };
    }
    return undefined;
  },
};

/** Whether the counter of a completed prescription limits it: it needs a quantity. */
const hasRoom = (request: MedicationRequest): boolean => prescribedBy(request) !== undefined;

/** Whether a dispense was handed out more than a day ago, and is a record of the past. */
function isRecord({ whenHandedOver }: MedicationDispense, now: Date): boolean {
  const [low = Number.POSITIVE_INFINITY] = whenHandedOver === undefined ? [] : (intervalOf(whenHandedOver) ?? []);
  return low <= now.getTime() - PAST_MS;
}

/** The reason for which a prescription cannot be dispensed; a late record of a dispense before its end is allowed. */
function reasonAgainst(request: MedicationRequest | undefined, { after, now }: Change<MedicationDispense>): string | undefined {
  if (!request) return undefined;
  if (request.doNotPerform) return "The prescription says that the medication must not be given.";
  if (!isOrder(request)) return `The prescription is a ${request.intent}, not an order: it must be ordered first.`;
  const isOver = request.status === "completed" && !(after?.status === "completed" && (hasRoom(request) || isRecord(after, now)));
  if (!["active", "completed"].includes(request.status) || isOver) return `The prescription is ${request.status}: prescribe anew.`;
  const { start, end } = request.dispenseRequest?.validityPeriod ?? {};
  const [, last = Number.POSITIVE_INFINITY] = (end !== undefined && intervalOf(end)) || [];
  const [first = Number.NEGATIVE_INFINITY] = (start !== undefined && intervalOf(start)) || [];
  const [given = now.getTime(), latest = given] = (after?.whenHandedOver !== undefined && intervalOf(after.whenHandedOver)) || [];
  if (given > last) return "The prescription has expired: prescribe anew.";
  if (after?.status === "completed" && latest < first) return "The prescription is not valid yet: wait, or prescribe anew.";
  return undefined;
}

const dispense: Rule<MedicationDispense>[] = [
  statusSteps<MedicationDispense>("MedicationDispense", STATUS_STEPS.MedicationDispense, { says: `${OVER} (a completed dispense).` }),
  finalStays<MedicationDispense>("MedicationDispense", {
    isFinal: ({ status }) => status === "completed",
    openly: ["entered-in-error"],
    besides: ["statusReasonCodeableConcept", "statusReasonReference"],
  }),
  amendmentReason<MedicationDispense>("MedicationDispense", {
    isFinal: ({ status }) => status === "completed",
    by: ["entered-in-error"],
    elements: ["statusReasonCodeableConcept", "statusReasonReference", "note"],
  }),
  subjectStays<MedicationDispense>("MedicationDispense", "subject", subjectOf),
  patientCanHave<MedicationDispense>("MedicationDispense", {
    element: "subject",
    of: subjectOf,
    begun: ({ whenPrepared }) => whenPrepared,
    isOpen: ({ status }) => status === "preparation" || status === "in-progress",
  }),
  givenInLife<MedicationDispense>("MedicationDispense", {
    element: "whenHandedOver",
    of: subjectOf,
    givenAt: ({ status, whenHandedOver }) => (status === "completed" ? whenHandedOver : undefined),
  }),
  ...onePatient<MedicationDispense>("MedicationDispense"),
  referencesExist<MedicationDispense>("MedicationDispense"),
  dispensable,
  notInFuture<MedicationDispense>("MedicationDispense", { statuses: ["completed"], times: ({ whenHandedOver }) => ({ whenHandedOver }) }),
  sameMedication,
  dispensedUnit,
  dispensedInStockUnit,
  possibleQuantity<MedicationDispense>("medication-dispense-value", "MedicationDispense.quantity", ({ quantity }) => quantity),
  counted(
    "medication-dispense-stock",
    "A medication that the pharmacy stocks is dispensed only as far as it is in stock; an undone dispense returns to the stock.",
  ),
  counted(
    "medication-dispense-lot",
    "A lot that has expired or is blocked is not dispensed; if no lot is named, the usable lot that expires first is taken.",
  ),
  counted(
    "medication-dispense-quantity",
    "All dispenses of a prescription together do not exceed the prescribed quantity; what is handed out by a prescription with a quantity, or from stock, says how much it is.",
  ),
  finalNotDeleted<MedicationDispense>("MedicationDispense", {
    what: "A completed dispense",
    isFinal: ({ status }) => status === "completed",
    message: "It was handed out: mark it as entered in error, if it was not.",
  }),
];

/** The dispense of which this change returns units. */
function newReturnOf({ before, after }: Change<SupplyDelivery>): string | undefined {
  const dispense = after?.status === "completed" ? returnOf(after) : undefined;
  return before?.status === "completed" && returnOf(before) === dispense ? undefined : dispense;
}

const delivery: Rule<SupplyDelivery>[] = [
  statusSteps<SupplyDelivery>("SupplyDelivery", STATUS_STEPS.SupplyDelivery, { says: `${OVER} (a delivery that has arrived).` }),
  finalStays<SupplyDelivery>("SupplyDelivery", { isFinal: ({ status }) => status === "completed", openly: ["entered-in-error"] }),
  amendmentReason<SupplyDelivery>("SupplyDelivery", {
    isFinal: ({ status }) => status === "completed",
    by: ["entered-in-error"],
    elements: [],
  }),
  referencesExist<SupplyDelivery>("SupplyDelivery"),
  {
    id: "supply-delivery-return-of",
    group: "stock",
    says: "A return refers to a dispense that was handed out.",
    facts: (change) => [newReturnOf(change)],
    check(change, facts) {
      const dispense = newReturnOf(change);
      const fact = facts.of(dispense);
      if (dispense === undefined || (fact?.resource as { status?: string } | undefined)?.status === "completed") return undefined;
      return refusalBy(fact?.is === "living" ? dispenseNotCompleted(dispense) : dispenseNotFound(dispense), "SupplyDelivery.extension");
    },
  },
  notInFuture<SupplyDelivery>("SupplyDelivery", {
    statuses: ["completed"],
    times: ({ occurrenceDateTime, occurrencePeriod }) => ({ occurrence: occurrenceDateTime ?? occurrencePeriod?.start }),
  }),
  returnedUnit,
  deliveredInStockUnit,
  possibleQuantity<SupplyDelivery>(
    "supply-delivery-value",
    "SupplyDelivery.suppliedItem.quantity",
    ({ suppliedItem }) => suppliedItem?.quantity,
  ),
  counted(
    "supply-delivery-return",
    "All returns of a dispense together do not exceed the quantity that was handed out; a return stays when its quantity was dispensed again.",
  ),
  counted(
    "supply-delivery-stock",
    "A delivery is undone or deleted only if its quantity is still in stock; only quantities that are in stock are withdrawn or moved.",
  ),
  counted("supply-delivery-lot", "A lot of a medication has one date of expiry."),
];

/** The rules of prescriptions, dispenses, administrations and deliveries. */
export const rules: RulesOf = {
  Medication: [notDeletedUnder<Medication>("Medication", "set Medication.status to inactive."), systemsAsListed<Medication>("Medication")],
  MedicationKnowledge: [systemsAsListed<MedicationKnowledge>("MedicationKnowledge")],
  MedicationRequest: [...prescription, systemsAsListed<MedicationRequest>("MedicationRequest")],
  MedicationDispense: [...dispense, systemsAsListed<MedicationDispense>("MedicationDispense")],
  MedicationAdministration: [...administration, systemsAsListed<MedicationAdministration>("MedicationAdministration")],
  SupplyRequest: [notDeletedUnder<SupplyRequest>("SupplyRequest", "set SupplyRequest.status to cancelled.")],
  SupplyDelivery: [...patientRecordRules("SupplyDelivery"), ...delivery, systemsAsListed<SupplyDelivery>("SupplyDelivery")],
  ...patientRecords(["MedicationStatement"]),
};
