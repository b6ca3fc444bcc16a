/** What a patient takes at home, and what becomes of it: plain data in, plain data out. */
import type { Dosage, Encounter, MedicationRequest, MedicationStatement } from "../../../../../fhir/r4.ts";

/** Whether it was noted by mistake. */
export const isError = ({ status }: MedicationStatement): boolean => status === "entered-in-error";

/** Whether it is taken, or was until this stay. */
export const isCurrent = ({ status }: MedicationStatement): boolean => ["active", "on-hold", "intended", "unknown"].includes(status);

/** Since when, as a FHIR date. */
export const sinceOf = ({ effectiveDateTime, effectivePeriod }: MedicationStatement): string | undefined =>
  effectivePeriod?.start ?? effectiveDateTime;

/** It is taken since then; what is known of its end stays. */
export function takenSince({ effectiveDateTime: _, ...one }: MedicationStatement, since: string): MedicationStatement {
  const { effectivePeriod: { start: __, ...period } = {}, ...rest } = one;
  const known = { ...(since && { start: since }), ...period };
  return { ...rest, ...(Object.keys(known).length > 0 && { effectivePeriod: known }) };
}

/** It is not taken any more. @param day the last */
export function stopped(one: MedicationStatement, day: string): MedicationStatement {
  const { effectiveDateTime: _, ...rest } = one;
  const since = sinceOf(one);
  return { ...rest, status: "stopped", effectivePeriod: { ...(since !== undefined && { start: since }), end: day } };
}

/** It is taken (again): without an end. */
export function taken(one: MedicationStatement): MedicationStatement {
  const { effectivePeriod: { end: _, ...period } = {}, ...rest } = one;
  return { ...rest, status: "active", ...(Object.keys(period).length > 0 && { effectivePeriod: period }) };
}

/** It pauses during the stay. */
export const onHold = (one: MedicationStatement): MedicationStatement => ({ ...one, status: "on-hold" });

/** The prescriptions by which the house goes on with it in this stay; one that was taken back is none. */
export const continuedBy = ({ id }: MedicationStatement, prescriptions: MedicationRequest[], stay: Encounter) =>
  prescriptions.filter(
    ({ status, supportingInformation = [], authoredOn = "" }) =>
      !["cancelled", "entered-in-error"].includes(status) &&
      supportingInformation.some(({ reference }) => reference === `MedicationStatement/${id}`) &&
      Date.parse(authoredOn) >= Date.parse(stay.period?.start ?? ""),
  );

/** The dosage, in the words of who noted it. */
export const dosageTextOf = ({ dosage = [] }: MedicationStatement): string => dosage[0]?.text ?? "";

/** One dose as it is typed: "500 mg"; "" where only words are known. */
export function doseTextOf({ dosage = [] }: MedicationStatement): string {
  const { value, unit } = dosage[0]?.doseAndRate?.[0]?.doseQuantity ?? {};
  return value === undefined ? "" : `${value} ${unit ?? ""}`.trim();
}

/** How often a day; "" where that is not known as a number. */
export function timesADayOf({ dosage = [] }: MedicationStatement): string {
  const { frequency, period, periodUnit } = dosage[0]?.timing?.repeat ?? {};
  return frequency !== undefined && period === 1 && periodUnit === "d" ? `${frequency}` : "";
}

/** @param often times a day; 0: not known, or when needed */
export const dosageOf = (text: string, dose: { value: number; unit: string } | undefined, often: number): Dosage => ({
  ...(text && { text }),
  ...(often > 0 && { timing: { repeat: { frequency: often, period: 1, periodUnit: "d" } } }),
  ...(dose && { doseAndRate: [{ doseQuantity: { ...dose, system: "http://unitsofmeasure.org", code: dose.unit } }] }),
});
