/** The Dosage of a prescription, from what a caller asks for. Plain data in, plain data out. */
import { intervalOf } from "../../../fhir/dates.ts";
import { amountAs } from "../../../fhir/dose-limits.ts";
import type { CodeableConcept, Dosage, Quantity, Timing } from "../../../fhir/r4.ts";
import { UCUM } from "../../../fhir/ucum.ts";
import { type Amount, type DoseLimits, type DoseTiming, ROUTES } from "../doses.contract.ts";
import { maximumImpossible, timingImpossible } from "../pharmacy.errors.ts";
import { UNIT_MS } from "./schedule.ts";

/** Shortest interval between doses that are given one by one, milliseconds. */
const LEAST_MS = 900_000;

interface AskedDosage extends DoseLimits {
  timing?: DoseTiming;
  dose?: Amount;
  route?: string;
}

/** The Dosage of a prescription. @throws 409 TIMING_IMPOSSIBLE, DOSE_MAXIMUM_IMPOSSIBLE */
export function dosageOf(text: string, { timing, dose, route, asNeeded, asNeededFor, maxPerDay }: AskedDosage): Dosage {
  const [one, most] = [dose, maxPerDay].map((amount) => amount && quantityIn(amount));
  if (most && (amountAs(one, most) ?? Number.POSITIVE_INFINITY) > (most.value ?? 0)) throw maximumImpossible();
  return {
    text,
    ...(timing && { timing: timingOf(timing) }),
    ...(asNeededFor !== undefined ? { asNeededCodeableConcept: { text: asNeededFor } } : asNeeded && { asNeededBoolean: true }),
    ...(route !== undefined && { route: routeOf(route) }),
    ...(one && { doseAndRate: [{ doseQuantity: one }] }),
    ...(most && { maxDosePerPeriod: { numerator: most, denominator: quantityIn({ value: 1, unit: "d" }) } }),
  };
}

const quantityIn = ({ value, unit }: Amount): Quantity => ({ value, unit, system: UCUM, code: unit });

/** A route by its name, with its code if it is one of `ROUTES`. */
export function routeOf(name: string): CodeableConcept {
  const code = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  return { ...(code !== undefined && { coding: [{ system: "http://snomed.info/sct", code }] }), text: name };
}

function timingOf({ frequency, period, periodUnit, from, until }: DoseTiming): Timing {
  const moment = (time: string): string => new Date(intervalOf(time)?.[0] ?? Number.NaN).toISOString();
  const bounds = { start: moment(from), ...(until !== undefined && { end: moment(until) }) };
  const isBackwards = bounds.end !== undefined && bounds.end <= bounds.start;
  if (isBackwards || (period * UNIT_MS[periodUnit]) / frequency < LEAST_MS) throw timingImpossible();
  return { repeat: { boundsPeriod: bounds, frequency, period, periodUnit } };
}
