import { brokenBy, countedOf, type GivenBy, type GivenDose, limitsOf } from "../../fhir/dose-limits.ts";
import type { Dosage, Extension, Medication, MedicationAdministration, MedicationRequest } from "../../fhir/r4.ts";
import type { Clause } from "../../fhir/search/query.ts";
import { codesClause, referenceClause, slotsOfParameters, timeClause, toAnyOf } from "../../fhir/search/exact-clauses.ts";
import { typed } from "../../fhir/typed.ts";
import { placeOf } from "../../mixins/fhir/rules/common.ts";
import { PAST_MS } from "../../mixins/fhir/rules/past.ts";
import { type Change, type Facts, oncePerChange, type Question, refusalBy, type Rule } from "../../mixins/fhir/rules/rule.ts";
import type { KeyOf } from "../../mixins/fhir/rules/unique-keys.ts";
import { givenAt, isGiven } from "./given-doses.ts";
import { doseOverMaximum, doseTooEarly } from "./pharmacy.errors.ts";

const LIMITS = "medication-administration-limits";

/** URL of a string extension of a MedicationAdministration: why it was given in spite of a limit of its prescription. */
const LIMIT_REASON = "urn:openward:limit-reason";

/** The reason as an extension. */
export const inSpiteOfLimit = (reason: string): Extension => ({ url: LIMIT_REASON, valueString: reason });

/** Doses that one question looks at: of one prescription, or of one medication that one patient was given. */
const MAX_LOOKED_AT = 200;

/** Limits and amounts are counted with: numbers that were kept by their text become numbers. */
const counting = <Of>(of: Of): Of => JSON.parse(JSON.stringify(of)) as Of;

const hasReason = ({ extension = [] }: MedicationAdministration): boolean =>
  extension.some(({ url, valueString }) => url === LIMIT_REASON && valueString !== undefined && valueString !== "");

/** The parts of a dose on which the limits depend: by which prescription, when, and how much. */
const essence = (it: MedicationAdministration): string => JSON.stringify([placeOf(it.request), givenAt(it), it.dosage?.dose]);

interface Limited {
  /** "MedicationRequest/…" */
  prescription: string;
  next: GivenDose;
}

/** A dose that is given now, or was within a day, without a reason for breaking a limit; what was given earlier is a record of the past. */
const limited = oncePerChange((change: Change<MedicationAdministration>): Limited | undefined => {
  const { before, after, now } = change;
  const prescription = isGiven(after) ? placeOf(after.request) : undefined;
  if (!after || prescription === undefined || hasReason(after) || (isGiven(before) && essence(before) === essence(after))) return undefined;
  const at = givenAt(after) ?? now.getTime();
  return at <= now.getTime() - PAST_MS ? undefined : { prescription, next: { at, dose: after.dosage && counting(after.dosage.dose) } };
});

function dosageOf(prescription: string, facts: Pick<Facts, "of">): Dosage | undefined {
  const [dosage] = typed<MedicationRequest>(facts.of(prescription)?.resource)?.dosageInstruction ?? [];
  return dosage && counting(dosage);
}

/** The code of what was given: of a stored Medication, the one that it has. */
const conceptOf = ({ medicationCodeableConcept, medicationReference }: MedicationAdministration, facts: Pick<Facts, "of">) =>
  medicationCodeableConcept ?? typed<Medication>(facts.of(medicationReference?.reference)?.resource)?.code;

/** What is given, and its route as it is recorded, else as it is prescribed. */
function givenBy(after: MedicationAdministration, facts: Pick<Facts, "of">): GivenBy {
  const { medicationReference, dosage, request } = after;
  return {
    medicationReference: medicationReference && { reference: placeOf(medicationReference) ?? "" },
    medicationCodeableConcept: conceptOf(after, facts),
    route: dosage?.route ?? dosageOf(placeOf(request) ?? "", facts)?.route,
  };
}

const NAMES = "MedicationAdministration";
/** Doses of a stored Medication: its code is known once it was read. */
const OF_STORED: Clause = { kind: "key", slots: slotsOfParameters(NAMES, ["medication"]), any: [toAnyOf("Medication")] };

/** The questions for the doses that count: those by the prescription, and those of the same medication by others. None: it has no limit. */
function questionsFor(change: Change<MedicationAdministration>, facts: Facts): Question[] {
  const of = limited(change);
  const { after } = change;
  const periods = of ? limitsOf(dosageOf(of.prescription, facts)).map(({ periodMs }) => periodMs) : [];
  if (!of || !after || periods.length === 0) return [];
  const [patient, by] = [placeOf(after.subject), givenBy(after, facts)];
  const theirs = patient === undefined ? [] : [referenceClause(NAMES, "subject", [patient])];
  const codes = by.medicationCodeableConcept?.coding?.flatMap(({ code }) => code ?? []) ?? [];
  const isNamed = patient !== undefined && (codes.length > 0 || by.medicationReference !== undefined);
  const named: Clause[][] = [
    [referenceClause(NAMES, "request", [of.prescription])],
    ...(isNamed && codes.length > 0 ? [[...theirs, codesClause(NAMES, "code", codes)]] : []),
    ...(isNamed ? [[...theirs, OF_STORED]] : []),
  ];
  const within = timeClause(NAMES, "effective-time", { since: of.next.at - Math.max(...periods) });
  const isAnswer: Question["isAnswer"] = (made) => {
    const { request, subject } = typed<MedicationAdministration>(made);
    return placeOf(request) === of.prescription || (patient !== undefined && placeOf(subject) === patient);
  };
  return named.map((clauses) => ({ type: NAMES, clauses: [...clauses, within], limit: MAX_LOOKED_AT, isAnswer }));
}

/** The doses that count for the limits of a prescription, besides the changed one, each once. */
function othersGiven(change: Change<MedicationAdministration>, questions: Question[], facts: Facts): GivenDose[] {
  const [of, { after }] = [limited(change), change];
  if (!of || !after) return [];
  const by = givenBy(after, facts);
  const found = questions.flatMap((question) => facts.found(question).map((it) => typed<MedicationAdministration>(it)));
  return [...new Map(found.map((it) => [it.id, it])).values()].flatMap((one): GivenDose[] => {
    const at = givenAt(one);
    if (at === undefined || !isGiven(one) || `MedicationAdministration/${one.id}` === change.reference) return [];
    if (placeOf(one.request) === of.prescription) return [{ at, dose: one.dosage && counting(one.dosage.dose) }];
    const medicationReference = one.medicationReference && { reference: placeOf(one.medicationReference) ?? "" };
    const medicationCodeableConcept = conceptOf(one, facts);
    const named = { ...(medicationCodeableConcept && { medicationCodeableConcept }), ...(medicationReference && { medicationReference }) };
    const counted = countedOf(counting({ ...one, ...named }), by);
    return counted ? [{ at, ...counted }] : [];
  });
}

/** With minutes: of a dose of some day it is not known which came first. */
const HAS_MINUTES = /T\d\d:\d\d/;

/** The prescription whose limits count for a dose; none for one that has a reason for breaking them. */
export const limitedRequest = (it: MedicationAdministration): string[] =>
  isGiven(it) && !hasReason(it) && HAS_MINUTES.test(it.effectiveDateTime ?? it.effectivePeriod?.start ?? "")
    ? [placeOf(it.request)].filter((place) => place !== undefined)
    : [];

/** Two people who give it at once do not see each other's dose: by a prescription with limits one is given in a minute. */
export function minuteKeys(it: MedicationAdministration, facts: Pick<Facts, "of">): KeyOf[] {
  const { type: error, message: says } = doseTooEarly("");
  const minute = new Date(Math.floor((givenAt(it) ?? 0) / 60_000) * 60_000).toISOString();
  return limitedRequest(it).flatMap((place) =>
    limitsOf(dosageOf(place, facts)).length === 0
      ? []
      : [{ key: `given:${place}|${minute}`, error, says, at: "MedicationAdministration.effective", rule: LIMITS }],
  );
}

/** How often, and how much, is given as needed, by what is on record. */
export const doseLimits: Rule<MedicationAdministration> = {
  id: LIMITS,
  group: "values",
  says: "Medication as needed is not given more often than its Timing says, and none above `maxDosePerPeriod`; doses of the same medication (by code) by other prescriptions count too. It is if the extension urn:openward:limit-reason gives the reason; what was given more than a day ago can be recorded.",
  facts(change, facts) {
    const of = limited(change);
    const doses = of ? questionsFor(change, facts).flatMap((question) => facts.found(question)) : [];
    const stored = doses.flatMap((it) => typed<MedicationAdministration>(it).medicationReference?.reference ?? []);
    return of ? [of.prescription, change.after?.medicationReference?.reference, ...new Set(stored)] : [];
  },
  questions: questionsFor,
  check(change, facts) {
    const [of, questions] = [limited(change), questionsFor(change, facts)];
    if (!of || questions.length === 0) return undefined;
    const given = othersGiven(change, questions, facts);
    const limit = brokenBy(of.next, given, limitsOf(dosageOf(of.prescription, facts)));
    if (!limit) return undefined;
    if (limit.of === "doses") return refusalBy(doseTooEarly(of.prescription), "MedicationAdministration.effective");
    return refusalBy(doseOverMaximum(of.prescription), "MedicationAdministration.dosage");
  },
};
