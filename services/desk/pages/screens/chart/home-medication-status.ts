/** A patient's home medication, and its changes: plain data in, plain data out. */
import type { Dosage, Encounter, MedicationRequest, MedicationStatement } from "../../../../../fhir/r4.ts";
import { repeatOf } from "../../../../../fhir/timing.ts";
import { typedIn } from "../../platform/shown-values.ts";

/** Whether it is taken, or was taken until this stay. */
export const isCurrent = ({ status }: MedicationStatement): boolean => ["active", "on-hold", "intended", "unknown"].includes(status);

/** Start of taking it, as a FHIR date. */
export const sinceOf = ({ effectiveDateTime, effectivePeriod }: MedicationStatement): string | undefined =>
  effectivePeriod?.start ?? effectiveDateTime;

/** Sets the start; a known end is kept. */
export function takenSince({ effectiveDateTime: _, ...one }: MedicationStatement, since: string): MedicationStatement {
  const { effectivePeriod: { start: __, ...period } = {}, ...rest } = one;
  const known = { ...(since && { start: since }), ...period };
  return { ...rest, ...(Object.keys(known).length > 0 && { effectivePeriod: known }) };
}

/** It is no longer taken. @param day the last one */
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

/** It is paused during the stay. */
export const onHold = (one: MedicationStatement): MedicationStatement => ({ ...one, status: "on-hold" });

/** The prescriptions by which it is continued in this stay, without cancelled ones. */
export const continuedBy = ({ id }: MedicationStatement, prescriptions: MedicationRequest[], stay: Encounter) =>
  prescriptions.filter(
    ({ status, supportingInformation = [], authoredOn = "" }) =>
      !["cancelled", "entered-in-error"].includes(status) &&
      supportingInformation.some(({ reference }) => reference === `MedicationStatement/${id}`) &&
      Date.parse(authoredOn) >= Date.parse(stay.period?.start ?? ""),
  );

/** The dosage, as written by its author. */
export const dosageTextOf = ({ dosage = [] }: MedicationStatement): string => dosage[0]?.text ?? "";

/** One dose as typed: "500 mg"; "" if only words are known. */
export function doseTextOf({ dosage = [] }: MedicationStatement): string {
  const { value, unit } = dosage[0]?.doseAndRate?.[0]?.doseQuantity ?? {};
  return value === undefined ? "" : `${typedIn(value)} ${unit ?? ""}`.trim();
}

/** Times per day; "" if not known as a number. */
export function timesADayOf({ dosage = [] }: MedicationStatement): string {
  const { frequency, period, periodUnit } = repeatOf(dosage[0]?.timing) ?? {};
  return frequency !== undefined && period === 1 && periodUnit === "d" ? `${frequency}` : "";
}

/** @param often times per day; 0: unknown, or as needed */
export const dosageOf = (text: string, dose: { value: number; unit: string } | undefined, often: number): Dosage => ({
  ...(text && { text }),
  ...(often > 0 && { timing: { repeat: { frequency: often, period: 1, periodUnit: "d" } } }),
  ...(dose && { doseAndRate: [{ doseQuantity: { ...dose, system: "http://unitsofmeasure.org", code: dose.unit } }] }),
});
