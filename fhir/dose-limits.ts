/** How often, and how much of it, a medication may be given, from its Dosage. Plain data in, with numbers as numbers; plain data out; time is passed in. */
import type { CodeableConcept, Dosage, MedicationAdministration, Quantity, Reference } from "./r4.ts";
import { isAsNeeded, repeatOf } from "./timing.ts";

/** A dose that was given, or is to be given. */
export interface GivenDose {
  /** Milliseconds since 1970. */
  at: number;
  /** Absent: as prescribed. */
  dose?: Quantity | undefined;
  /** By another prescription and another route: of the intervals between doses each route has its own. */
  isByOtherRoute?: boolean;
}

/** By what a dose is given: its limits count what was given of the same medication by any prescription. */
export interface GivenBy {
  medicationCodeableConcept?: CodeableConcept | undefined;
  medicationReference?: Reference | undefined;
  route?: CodeableConcept | undefined;
}

/** A limit of what is given in any period of a length: of the number of doses, or of the amount. */
export interface DoseLimit {
  of: "doses" | "amount";
  periodMs: number;
  most: number;
  /** What one dose counts; an amount in a unit of another kind counts nothing. */
  weigh(given: Pick<GivenDose, "dose" | "isByOtherRoute">): number;
}

const MINUTE_MS = 60_000;
/** FHIR's units of time, which are UCUM's; milliseconds. */
const TIME_MS: Readonly<Record<string, number>> = { s: 1_000, min: MINUTE_MS, h: 3_600_000, d: 86_400_000, wk: 604_800_000 };
/** UCUM's units of mass and volume in which medication is dosed, in grams and litres. */
const IN_BASE: Readonly<Record<string, readonly [base: string, factor: number]>> = {
  kg: ["g", 1e3],
  g: ["g", 1],
  mg: ["g", 1e-3],
  ug: ["g", 1e-6],
  ng: ["g", 1e-9],
  L: ["L", 1],
  l: ["L", 1],
  dL: ["L", 1e-1],
  mL: ["L", 1e-3],
  ml: ["L", 1e-3],
  uL: ["L", 1e-6],
};

/** The amount in the unit of another one; undefined if they measure different things, or there is none. */
export function amountAs(quantity: Quantity | undefined, other: Quantity): number | undefined {
  const [own = "", wanted = ""] = [quantity, other].map((one) => one?.code ?? one?.unit);
  if (quantity?.value === undefined) return undefined;
  if (own === wanted) return quantity.value;
  const [from, to] = [IN_BASE[own], IN_BASE[wanted]];
  return from && to && from[0] === to[0] ? (quantity.value * from[1]) / to[1] : undefined;
}

const countOf: DoseLimit["weigh"] = ({ isByOtherRoute }) => (isByOtherRoute ? 0 : 1);

/** `system|code` */
const codesOf = (concept: CodeableConcept | undefined): string[] =>
  concept?.coding?.flatMap(({ system = "", code }) => (code === undefined ? [] : [`${system}|${code}`])) ?? [];

const haveCommon = (one: readonly string[], other: readonly string[]): boolean => one.some((code) => other.includes(code));

/** Whether both are of one medication: by a code, or as the same stored Medication. */
const isSameMedication = (one: GivenBy, other: GivenBy): boolean =>
  haveCommon(codesOf(one.medicationCodeableConcept), codesOf(other.medicationCodeableConcept)) ||
  (one.medicationReference?.reference !== undefined && one.medicationReference.reference === other.medicationReference?.reference);

/** Whether two routes differ: both are known, and have neither code nor text in common. */
function areTwoRoutes(one: CodeableConcept | undefined, other: CodeableConcept | undefined): boolean {
  const [names, others] = [one, other].map((route) => [...codesOf(route), ...(route?.text === undefined ? [] : [route.text])]);
  return names !== undefined && others !== undefined && names.length > 0 && others.length > 0 && !haveCommon(names, others);
}

/** What was given by another prescription, as the limits of this one count it; undefined: another medication. */
export function countedOf(other: MedicationAdministration, by: GivenBy): Pick<GivenDose, "dose" | "isByOtherRoute"> | undefined {
  if (!isSameMedication(other, by)) return undefined;
  const isByOtherRoute = areTwoRoutes(other.dosage?.route, by.route);
  return { dose: other.dosage?.dose ?? {}, ...(isByOtherRoute && { isByOtherRoute }) }; // its amount is not that of this prescription
}

/** The limits: of doses as needed by the Timing, which then says how often at most; of the amount by `maxDosePerPeriod`. */
export function limitsOf(dosage: Dosage | undefined): DoseLimit[] {
  const { frequency = 1, frequencyMax = frequency, period, periodUnit } = repeatOf(dosage?.timing) ?? {};
  const { numerator, denominator } = dosage?.maxDosePerPeriod ?? {};
  const prescribed = dosage?.doseAndRate?.[0]?.doseQuantity;
  const limits: DoseLimit[] = [];
  const everyMs = (period ?? 0) * (TIME_MS[periodUnit ?? ""] ?? 0);
  if (dosage && isAsNeeded(dosage) && everyMs > 0) limits.push({ of: "doses", periodMs: everyMs, most: frequencyMax, weigh: countOf });
  const periodMs = (denominator?.value ?? 1) * (TIME_MS[denominator?.code ?? denominator?.unit ?? ""] ?? 0);
  if (numerator?.value !== undefined && periodMs > 0) {
    const weigh: DoseLimit["weigh"] = ({ dose }) => amountAs(dose ?? prescribed, numerator) ?? 0;
    limits.push({ of: "amount", periodMs, most: numerator.value, weigh });
  }
  return limits;
}

/** Clocks and records of people have minutes. */
const inMinutes = (at: number): number => Math.floor(at / MINUTE_MS) * MINUTE_MS;

/** Sums of decimals differ from theirs by less than this share. */
const EXACT = 1e-9;

/** The limit that a dose would break, alone or with those before and after it; undefined: none. */
export function brokenBy(next: GivenDose, given: readonly GivenDose[], limits: readonly DoseLimit[]): DoseLimit | undefined {
  const all = [...given, next].map((one) => ({ ...one, at: inMinutes(one.at) }));
  const at = inMinutes(next.at);
  return limits.find(({ periodMs, most, weigh }) =>
    all.some(({ at: end }) => {
      if (end < at || end - periodMs >= at) return false;
      const within = all.filter((one) => one.at <= end && one.at > end - periodMs);
      return within.reduce((sum, one) => sum + weigh(one), 0) > most * (1 + EXACT);
    }),
  );
}

/** The earliest time, from the given one on, at which a dose breaks no limit; undefined: there is none, as it is too much by itself. */
export function earliestFor(next: GivenDose, given: readonly GivenDose[], limits: readonly DoseLimit[]): number | undefined {
  const ends = limits.flatMap(({ periodMs }) => given.map(({ at }) => inMinutes(at) + periodMs));
  const times = [next.at, ...ends.filter((end) => end > next.at).sort((a, b) => a - b)];
  return times.find((at) => brokenBy({ ...next, at }, given, limits) === undefined);
}
