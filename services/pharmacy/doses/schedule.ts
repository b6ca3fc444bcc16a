/** When the doses of a prescription are due, from its Dosage as data. Plain data in, plain data out; time is passed in. */
import { numberOf } from "../../../fhir/json.ts";
import { intervalOf } from "../../../fhir/dates.ts";
import type { Dosage, MedicationRequest, Timing } from "../../../fhir/r4.ts";
import { hospitalZone, momentOf, shownAt } from "../../../fhir/time-zone.ts";
import type { Amount, DoseTiming, DueDose } from "../doses.contract.ts";
import { timingImpossible } from "../pharmacy.errors.ts";
import { medicationOf, prescribedBy } from "../pharmacy.model.ts";

const UNIT_MS = { h: 3_600_000, d: 86_400_000, wk: 604_800_000 } as const;
/** A dose is late after this. Milliseconds. */
const LATE_MS = 1_800_000;
/** Doses that are closer are no doses to be given one by one. Milliseconds. */
const LEAST_MS = 900_000;
/** Doses of one prescription in one question; more often than each quarter of an hour nobody gives by hand. */
const MAX_DOSES = 200;

/** What of a prescription says when it is due. */
export interface Schedule {
  /** Moments, milliseconds since 1970. */
  from: number;
  until: number;
  /** From one dose to the next, by the clocks on the wall. Milliseconds. */
  everyMs: number;
}

/** The Dosage of what is prescribed. @throws 409 TIMING_IMPOSSIBLE */
export function dosageOf(text: string, { timing, dose, route }: { timing?: DoseTiming; dose?: Amount; route?: string }): Dosage {
  return {
    text,
    ...(timing && { timing: timingOf(timing) }),
    ...(route !== undefined && { route: { text: route } }),
    ...(dose && {
      doseAndRate: [{ doseQuantity: { value: dose.value, unit: dose.unit, system: "http://unitsofmeasure.org", code: dose.unit } }],
    }),
  };
}

function timingOf({ frequency, period, periodUnit, from, until }: DoseTiming): Timing {
  const moment = (time: string): string => new Date(intervalOf(time)?.[0] ?? Number.NaN).toISOString();
  const bounds = { start: moment(from), ...(until !== undefined && { end: moment(until) }) };
  const isBackwards = bounds.end !== undefined && bounds.end <= bounds.start;
  if (isBackwards || (period * UNIT_MS[periodUnit]) / frequency < LEAST_MS) throw timingImpossible();
  return { repeat: { boundsPeriod: bounds, frequency, period, periodUnit } };
}

/** When a prescription is due; undefined: it does not say so as data, or is over. */
export function scheduleOf(request: MedicationRequest): Schedule | undefined {
  const repeat = request.dosageInstruction?.[0]?.timing?.repeat;
  const start = repeat?.boundsPeriod?.start;
  const [frequency, period] = [repeat?.frequency ?? 1, numberOf(repeat?.period)];
  const unit = UNIT_MS[repeat?.periodUnit as keyof typeof UNIT_MS];
  const [from] = (start !== undefined && intervalOf(start)) || [];
  if (from === undefined || period === undefined || unit === undefined || period <= 0 || frequency <= 0) return undefined;
  const end = repeat?.boundsPeriod?.end;
  const [until = Number.POSITIVE_INFINITY] = (end !== undefined && intervalOf(end)) || [];
  const everyMs = (period * unit) / frequency;
  if (request.status === "active") return { from, until, everyMs };
  // All of it was handed out: it is still to be given, as long as it lasts.
  const [units, dose] = [prescribedBy(request), numberOf(request.dosageInstruction?.[0]?.doseAndRate?.[0]?.doseQuantity?.value)];
  if (request.status !== "completed") return undefined;
  if (until !== Number.POSITIVE_INFINITY) return { from, until, everyMs };
  if (units === undefined || dose === undefined || dose <= 0) return undefined;
  const lastMs = Math.floor(units / dose) * everyMs;
  const zone = hospitalZone();
  return { from, until: isByElapsed(everyMs) ? from + lastMs : momentOf(shownAt(from, zone) + lastMs, zone), everyMs };
}

/** Clocks are set by so much at most. Milliseconds. */
const SET_MS = 7_200_000;
/** What is due oftener than every two hours goes by the time that passes: also in both hours that the clocks show alike, and once where they leave one out. */
const isByElapsed = (everyMs: number): boolean => everyMs < SET_MS;

/**
 * Moments at which it is due in this time, both ends included. By the hospital's clocks: at eight o'clock in summer and in winter; a time that they
 * leave out is an hour later, one that they show twice is the first.
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

/** Which dose of a prescription: no two are given for one. */
export const doseName = (prescription: string, dueAt: string): string => `${prescription}|${dueAt}`;

/** A dose as its callers see it. */
export function dueDose(request: MedicationRequest & { id: string }, moment: number, now: Date): DueDose {
  const [dosage] = request.dosageInstruction ?? [];
  const quantity = dosage?.doseAndRate?.[0]?.doseQuantity;
  const value = numberOf(quantity?.value);
  const route = dosage?.route?.text ?? dosage?.route?.coding?.[0]?.display;
  return {
    prescription: `MedicationRequest/${request.id}`,
    patient: request.subject.reference ?? "",
    ...(request.encounter?.reference !== undefined && { encounter: request.encounter.reference }),
    medication: medicationOf(request) ?? { system: "", code: "" },
    ...(value !== undefined && { dose: { value, unit: quantity?.unit ?? quantity?.code ?? "" } }),
    ...(route !== undefined && { route }),
    dosage: dosage?.text ?? "",
    dueAt: new Date(moment).toISOString(),
    isLate: moment < now.getTime() - LATE_MS,
  };
}
