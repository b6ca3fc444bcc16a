import { brokenBy, type GivenDose, limitsOf } from "../../fhir/dose-limits.ts";
import type { Dosage, Extension, MedicationAdministration, MedicationRequest } from "../../fhir/r4.ts";
import { referenceClause, timeClause } from "../../fhir/search/exact-clauses.ts";
import { typed } from "../../fhir/typed.ts";
import { placeOf } from "../../mixins/fhir/rules/common.ts";
import { PAST_MS } from "../../mixins/fhir/rules/past.ts";
import { type Change, type Facts, oncePerChange, type Question, refusalBy, type Rule } from "../../mixins/fhir/rules/rule.ts";
import type { KeyOf } from "../../mixins/fhir/rules/unique-keys.ts";
import { givenAt, isGiven } from "./given-doses.ts";
import { doseOverMaximum, doseTooEarly } from "./pharmacy.errors.ts";

/** URL of a string extension of a MedicationAdministration: why it was given in spite of a limit of its prescription. */
const LIMIT_REASON = "urn:openward:limit-reason";

/** The reason as an extension. */
export const inSpiteOfLimit = (reason: string): Extension => ({ url: LIMIT_REASON, valueString: reason });

/** Doses of one prescription that are looked at. */
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

/** The question for the doses that were given by the prescription; undefined: it has no limit. */
function questionFor(change: Change<MedicationAdministration>, facts: Facts): Question | undefined {
  const of = limited(change);
  const periods = of ? limitsOf(dosageOf(of.prescription, facts)).map(({ periodMs }) => periodMs) : [];
  if (!of || periods.length === 0) return undefined;
  const since = of.next.at - Math.max(...periods);
  return {
    type: "MedicationAdministration",
    clauses: [
      referenceClause("MedicationAdministration", "request", [of.prescription]),
      timeClause("MedicationAdministration", "effective-time", { since }),
    ],
    limit: MAX_LOOKED_AT,
    isAnswer: (made) => placeOf(typed<MedicationAdministration>(made).request) === of.prescription,
  };
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
      : [{ key: `given:${place}|${minute}`, error, says, at: "MedicationAdministration.effective" }],
  );
}

/** How often, and how much, is given as needed, by what is on record. */
export const doseLimits: Rule<MedicationAdministration> = {
  id: "medication-administration-limits",
  group: "values",
  says: "Medication as needed is not given more often than its Timing says, and no medication above `maxDosePerPeriod` (in units that can be compared), unless the extension urn:openward:limit-reason gives the reason; what was given more than a day ago can be recorded.",
  facts: (change) => [limited(change)?.prescription],
  questions(change, facts) {
    const question = questionFor(change, facts);
    return question ? [question] : [];
  },
  check(change, facts) {
    const [of, question] = [limited(change), questionFor(change, facts)];
    if (!of || !question) return undefined;
    const others = facts.found(question).map((it) => typed<MedicationAdministration>(it));
    const given = others.flatMap((one): GivenDose[] => {
      const at = givenAt(one);
      const isOther = `MedicationAdministration/${one.id}` !== change.reference && isGiven(one);
      return isOther && at !== undefined ? [{ at, dose: one.dosage && counting(one.dosage.dose) }] : [];
    });
    const limit = brokenBy(of.next, given, limitsOf(dosageOf(of.prescription, facts)));
    if (!limit) return undefined;
    if (limit.of === "doses") return refusalBy(doseTooEarly(of.prescription), "MedicationAdministration.effective");
    return refusalBy(doseOverMaximum(of.prescription), "MedicationAdministration.dosage");
  },
};
