/** Reads a value, and interprets it by the patient's reference range. Plain data in, plain data out. */
import { intervalOf } from "../../../fhir/dates.ts";
import { numberOf, plainText } from "../../../fhir/json.ts";
import type { CodeableConcept, Observation, ObservationReferenceRange, Patient } from "../../../fhir/r4.ts";
import { type MeasuredNumber, measuredQuantity, type TypedNumber } from "../../../fhir/typed-number.ts";
import type { CatalogueTest, Range, ResultFlag } from "../bench.contract.ts";

const YEAR_MS = 365.25 * 86_400_000;
const UCUM = "http://unitsofmeasure.org";

/** The properties of a patient that select a reference range. */
export interface SexAndAge {
  sex?: string;
  /** Years; absent: not known. */
  age?: number;
}

/** @param at time of the measurement */
export function personOf(patient: Pick<Patient, "gender" | "birthDate"> | undefined, at: Date): SexAndAge {
  const [born] = (patient?.birthDate !== undefined && intervalOf(patient.birthDate)) || [];
  return {
    ...(patient?.gender !== undefined && { sex: patient.gender }),
    ...(born !== undefined && { age: (at.getTime() - born) / YEAR_MS }),
  };
}

/** The reference range; undefined if it cannot be determined, e.g. without the sex on which it depends. */
export function rangeFor({ ranges }: CatalogueTest, { sex, age }: SexAndAge): Range | undefined {
  const found = ranges.find((range) => {
    if (range.sex !== undefined && range.sex !== sex) return false;
    if (age === undefined) return range.from === undefined && range.to === undefined;
    return age >= (range.from ?? 0) && age < (range.to ?? Number.POSITIVE_INFINITY);
  });
  return found && { ...(found.low !== undefined && { low: found.low }), ...(found.high !== undefined && { high: found.high }) };
}

/** The interpretation of a value; undefined if it cannot be determined: without a range, or for "<5" when 4 would be normal and 1 would not. */
export function flagOf(read: TypedNumber, range: Range | undefined, critical: Range = {}): ResultFlag | undefined {
  const { value, comparator } = read;
  const [isBelow, isAbove] = [comparator?.startsWith("<") ?? false, comparator?.startsWith(">") ?? false];
  // "<5" is known to be below 5, not to be above anything.
  if (!isAbove && critical.low !== undefined && value <= critical.low) return "LL";
  if (!isBelow && critical.high !== undefined && value >= critical.high) return "HH";
  if (!range) return undefined;
  const { low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY } = range;
  if (isBelow) return value <= low ? "L" : low === Number.NEGATIVE_INFINITY && value <= high ? "N" : undefined;
  if (isAbove) return value >= high ? "H" : high === Number.POSITIVE_INFINITY && value >= low ? "N" : undefined;
  return value < low ? "L" : value > high ? "H" : "N";
}

/** Whether it is critical: the physician must be informed at once. */
export const isCritical = (flag: ResultFlag | undefined): boolean => flag === "LL" || flag === "HH";

const DISPLAY: Record<ResultFlag, string> = { N: "Normal", L: "Low", H: "High", LL: "Critical low", HH: "Critical high" };

/** Value, range and interpretation of an Observation. @param given a number, or words */
export function foundIn(
  test: CatalogueTest,
  given: MeasuredNumber | string,
  person: SexAndAge,
): Pick<Observation, "valueString" | "valueQuantity" | "referenceRange" | "interpretation"> {
  if (typeof given === "string") return { valueString: given };
  const { unit } = test;
  const range = rangeFor(test, person);
  const flag = flagOf(given, range, test.critical);
  return {
    valueQuantity: { ...measuredQuantity(given), unit, system: UCUM, code: unit },
    ...(range && { referenceRange: [referenceRangeOf(range, unit)] }),
    ...(flag && { interpretation: [interpretationOf(flag)] }),
  };
}

/** A reference range as FHIR has it. */
export function referenceRangeOf({ low, high }: Range, unit: string): ObservationReferenceRange {
  const bound = (value: number | undefined) => value !== undefined && { value, unit, system: UCUM, code: unit };
  const [least, most] = [bound(low), bound(high)];
  return { ...(least && { low: least }), ...(most && { high: most }) };
}

/** An interpretation as FHIR has it. */
export const interpretationOf = (flag: ResultFlag): CodeableConcept => ({
  coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", code: flag, display: DISPLAY[flag] }],
});

/** The interpretation of an Observation. */
export const flagIn = ({ interpretation }: Observation): ResultFlag | undefined =>
  interpretation?.flatMap(({ coding }) => coding ?? []).find(({ code }) => code !== undefined && code in DISPLAY)?.code as
    | ResultFlag
    | undefined;

/** The value as callers read it, and its digits if they say more; empty if there is none. */
export function valueIn({ valueQuantity, valueString }: Observation): { value?: number | string; digits?: string } {
  const [value, digits] = [numberOf(valueQuantity?.value), plainText(valueQuantity?.value)];
  if (value === undefined) return valueString === undefined ? {} : { value: valueString };
  if (valueQuantity?.comparator !== undefined) return { value: `${valueQuantity.comparator}${digits}` };
  return { value, ...(digits !== `${value}` && { digits }) };
}
