/** A patient in a few words, for a line of the board. Plain data in, plain data out. */
import { intervalOf } from "../../../fhir/dates.ts";
import type { Patient } from "../../../fhir/r4.ts";
import { isFormer, namesInOrder, nameText } from "../../../fhir/shown-names.ts";
import { dayOf } from "../../../fhir/time-zone.ts";
import type { BoardPatient } from "../board.contract.ts";

/** Ages below these are shown in days, and in months. */
const [DAYS_BELOW, MONTHS_BELOW] = [28, 24];
const DAY_MS = 86_400_000;

/** The patient as the board shows it. @param patient "Patient/…" */
export function personOf(patient: string, record: Patient | undefined, now: Date): BoardPatient {
  if (!record) return { patient };
  const [name, ...names] = namesOf(record);
  const { gender, birthDate } = record;
  const age = birthDate === undefined ? undefined : ageOf(birthDate, now);
  return {
    patient,
    ...(name !== undefined && { name }),
    ...(names.length > 0 && { names }),
    ...(gender !== undefined && { sex: gender }),
    ...(birthDate !== undefined && { birthDate }),
    ...(age && { age }),
  };
}

/** Present names, or the former ones of a person who has no other, the official one first. */
function namesOf({ name }: Patient): string[] {
  const names = namesInOrder(name).filter((one) => nameText(one) !== "");
  const present = names.filter((one) => !isFormer(one));
  return [...new Set((present.length > 0 ? present : names).map(nameText))];
}

/** Age by the hospital's calendar; undefined for a birth date in the future. A birth date without a day gives years only. */
export function ageOf(birthDate: string, now: Date): BoardPatient["age"] {
  const [low] = intervalOf(birthDate) ?? [];
  if (low === undefined) return undefined;
  const today = dayOf(now.getTime());
  // A date is a day of the hospital's calendar, whatever instant its midnight is.
  const born = birthDate.length === 10 ? Date.parse(birthDate) / DAY_MS : dayOf(low);
  const days = today - born;
  if (days < 0) return undefined;
  const months = monthsBetween(new Date(born * DAY_MS), new Date(today * DAY_MS));
  if (birthDate.length === 10 && days < DAYS_BELOW) return { value: days, unit: "days" };
  if (birthDate.length >= 7 && months < MONTHS_BELOW) return { value: months, unit: "months" };
  return { value: Math.floor(months / 12), unit: "years" };
}

function monthsBetween(from: Date, to: Date): number {
  const months = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
  return to.getUTCDate() < from.getUTCDate() ? months - 1 : months;
}
