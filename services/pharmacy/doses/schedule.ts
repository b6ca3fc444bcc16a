/** Computes when the doses of a prescription are due, from its structured Dosage. Plain data in, plain data out; time is passed in. */
import { numberOf } from "../../../fhir/json.ts";
import { intervalOf } from "../../../fhir/dates.ts";
import { isAsNeeded } from "../../../fhir/dose-limits.ts";
import type { CodeableConcept, MedicationRequest } from "../../../fhir/r4.ts";
import { hospitalZone, momentOf, shownAt } from "../../../fhir/time-zone.ts";
import type { DueDose } from "../doses.contract.ts";
import { namedMedicationOf, prescribedBy } from "../pharmacy.model.ts";

/** Milliseconds. */
export const UNIT_MS = { h: 3_600_000, d: 86_400_000, wk: 604_800_000 } as const;
/** Time after which a dose is late, milliseconds. */
const LATE_MS = 1_800_000;
/** Doses of one prescription in one question; no medication is given by hand more often than every quarter of an hour. */
const MAX_DOSES = 200;

/** The schedule of a prescription. */
export interface Schedule {
  /** Begin and end, milliseconds since 1970. */
  from: number;
  until: number;
  /** Interval between doses, by the local clocks. Milliseconds. */
  everyMs: number;
}

/** The schedule of a prescription; undefined if its timing is not structured, it is as needed, or it is over. */
export function scheduleOf(request: MedicationRequest): Schedule | undefined {
  const [dosage] = request.dosageInstruction ?? [];
  if (dosage && isAsNeeded(dosage)) return undefined;
  const repeat = dosage?.timing?.repeat;
  const start = repeat?.boundsPeriod?.start;
  const [frequency, period] = [repeat?.frequency ?? 1, numberOf(repeat?.period)];
  const unit = UNIT_MS[repeat?.periodUnit as keyof typeof UNIT_MS];
  const [from] = (start !== undefined && intervalOf(start)) || [];
  if (from === undefined || period === undefined || unit === undefined || period <= 0 || frequency <= 0) return undefined;
  const end = repeat?.boundsPeriod?.end;
  const [until = Number.POSITIVE_INFINITY] = (end !== undefined && intervalOf(end)) || [];
  const everyMs = (period * unit) / frequency;
  if (request.status === "active") return { from, until, everyMs };
  // A fully dispensed prescription is still to be given, as long as the quantity lasts.
  const [units, dose] = [prescribedBy(request), numberOf(request.dosageInstruction?.[0]?.doseAndRate?.[0]?.doseQuantity?.value)];
  if (request.status !== "completed") return undefined;
  if (until !== Number.POSITIVE_INFINITY) return { from, until, everyMs };
  if (units === undefined || dose === undefined || dose <= 0) return undefined;
  const lastMs = Math.floor(units / dose) * everyMs;
  const zone = hospitalZone();
  return { from, until: isByElapsed(everyMs) ? from + lastMs : momentOf(shownAt(from, zone) + lastMs, zone), everyMs };
}

/** Largest change of the clocks at the begin or end of daylight saving time. Milliseconds. */
const SET_MS = 7_200_000;
/** Intervals below two hours are counted in elapsed time: doses fall in both hours that the clocks show twice, and are not doubled where they skip one. */
const isByElapsed = (everyMs: number): boolean => everyMs < SET_MS;

/**
 * Times in this period at which a dose is due, both ends inclusive. By the hospital's clocks: at eight o'clock in summer and in winter; a time that is
 * skipped is an hour later, and of one that occurs twice the first is used.
 */
export function dueBetween({ from, until, everyMs }: Schedule, low: number, high: number): number[] {
  const zone = hospitalZone();
  const shown = shownAt(from, zone);
  const due: number[] = [];
  const first = Math.max(0, Math.floor((low - from - SET_MS) / everyMs));
  for (let index = first; due.length < MAX_DOSES; index += 1) {
    const moment = index === 0 || isByElapsed(everyMs) ? from + index * everyMs : momentOf(shown + index * everyMs, zone);
    if (moment > high || moment >= until) break;
    if (moment >= low) due.push(moment);
  }
  return due;
}

/** Identifies a dose of a prescription: there is one record for each. */
export const doseName = (prescription: string, dueAt: string): string => `${prescription}|${dueAt}`;

/** A dose as callers get it. @param stored the code of the stored Medication that is prescribed */
export function dueDose(
  request: MedicationRequest & { id: string },
  { moment, now, stored }: { moment: number; now: Date; stored?: CodeableConcept | undefined },
): DueDose {
  const [dosage] = request.dosageInstruction ?? [];
  const quantity = dosage?.doseAndRate?.[0]?.doseQuantity;
  const value = numberOf(quantity?.value);
  const route = dosage?.route?.text ?? dosage?.route?.coding?.[0]?.display;
  return {
    prescription: `MedicationRequest/${request.id}`,
    patient: request.subject.reference ?? "",
    ...(request.encounter?.reference !== undefined && { encounter: request.encounter.reference }),
    medication: namedMedicationOf(request, stored),
    ...(value !== undefined && { dose: { value, unit: quantity?.unit ?? quantity?.code ?? "" } }),
    ...(route !== undefined && { route }),
    dosage: dosage?.text ?? "",
    dueAt: new Date(moment).toISOString(),
    isLate: moment < now.getTime() - LATE_MS,
  };
}
