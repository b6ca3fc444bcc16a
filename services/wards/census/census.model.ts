/** Computes figures of the wards from the stays of a period. Plain data in, plain data out. */
import { intervalOf } from "../../../fhir/dates.ts";
import type { Encounter, Period } from "../../../fhir/r4.ts";
import { dayOf, momentOf } from "../../../fhir/time-zone.ts";
import { placeOf } from "../../../mixins/fhir/rules/common.ts";
import type { WardPlace } from "../board/ward-tree.ts";
import type { Census, CensusDay, LengthOfStay } from "../census.contract.ts";
import { daysImpossible } from "../wards.errors.ts";

const DAY_MS = 86_400_000;
/** Days of one census: a quarter of a year. */
const MAX_DAYS = 92;
const NEVER = Number.POSITIVE_INFINITY;

/** A period, in days since 1970. */
export interface Days {
  first: number;
  last: number;
  zone: string;
}

/** @param from, to YYYY-MM-DD @throws 409 DAYS_IMPOSSIBLE */
export function daysBetween(from: string, to: string, zone: string): Days {
  const [first, last] = [from, to].map((day) => Date.parse(day) / DAY_MS) as [number, number];
  if (!(last >= first) || last - first >= MAX_DAYS) throw daysImpossible();
  return { first, last, zone };
}

/** Begin and end of the period, milliseconds since 1970. */
export const momentsOf = ({ first, last, zone }: Days): [from: number, to: number] => [
  momentOf(first * DAY_MS, zone),
  momentOf((last + 1) * DAY_MS, zone),
];

/** A patient's time in a ward. */
interface Visit {
  ward: string;
  from: number;
  to: number;
}

const boundsOf = (period: Period | undefined, otherwise: Period | undefined): [from: number, to: number] => {
  const [start, end] = [period?.start ?? otherwise?.start, period?.end ?? otherwise?.end];
  const [from = -NEVER] = (start !== undefined && intervalOf(start)) || [];
  const [to = NEVER] = (end !== undefined && intervalOf(end)) || [];
  return [from, to];
};

/** A patient's times in wards, in order; moves within a ward do not count. */
function visitsOf({ location = [], period }: Encounter, wardOf: ReadonlyMap<string, string>): Visit[] {
  const times = location.flatMap(({ status, location: place, period: own }): Visit[] => {
    const ward = wardOf.get(placeOf(place) ?? "");
    const [from, to] = boundsOf(own, period);
    return ward === undefined || status === "planned" || status === "reserved" ? [] : [{ ward, from, to }];
  });
  const visits: Visit[] = [];
  for (const time of times.sort((a, b) => a.from - b.from)) {
    const last = visits.at(-1);
    if (last?.ward === time.ward && time.from <= last.to) last.to = Math.max(last.to, time.to);
    else visits.push({ ...time });
  }
  return visits;
}

/** Whether the patient was on leave at that moment. */
function wasAway({ status, statusHistory = [] }: Encounter, moment: number): boolean {
  const left = statusHistory.some((it) => {
    const [from, to] = boundsOf(it.period, undefined);
    return it.status === "onleave" && from <= moment && moment < to;
  });
  const [, since] = boundsOf(statusHistory.at(-1)?.period, undefined);
  return left || (status === "onleave" && since <= moment);
}

/** The figures. @param stays inpatient Encounters of the period, without cancelled ones */
export function censusOf(tree: WardPlace[], stays: Encounter[], days: Days): Census {
  const { first, last, zone } = days;
  const wardOf = new Map(
    tree.flatMap(({ location, rooms }) =>
      rooms
        .flatMap((room) => [room.location, ...room.beds.map((bed) => bed.location)])
        .concat(location)
        .map((place) => [place, location] as const),
    ),
  );
  const table = new Map<string, CensusDay>();
  for (let day = first; day <= last; day += 1) for (const ward of tree) table.set(`${day} ${ward.location}`, emptyDay(ward, day));
  const at = (moment: number, ward: string): CensusDay | undefined => table.get(`${dayOf(moment, zone)} ${ward}`);
  const lengths = new Map<string, number[]>();
  for (const stay of stays) {
    const visits = visitsOf(stay, wardOf);
    const [, ended] = boundsOf(stay.period, undefined);
    countMoves(visits, stay.status === "finished" ? ended : NEVER, at);
    countMidnights(visits, stay, days, table);
    const [begin, end] = [visits[0], visits.at(-1)];
    if (!begin || !end || stay.status !== "finished") continue;
    const left = at(ended, end.ward);
    if (!left) continue;
    left.discharges += 1;
    if (stay.hospitalization?.dischargeDisposition?.coding?.some(({ code }) => code === "exp")) left.deaths += 1;
    const [started] = boundsOf(stay.period, undefined);
    lengths.set(end.ward, [...(lengths.get(end.ward) ?? []), dayOf(ended, zone) - dayOf(Math.max(started, begin.from), zone)]);
  }
  const rows = [...table.values()].map((row) =>
    row.beds > 0 ? { ...row, occupancy: Math.round((row.atMidnight / row.beds) * 1_000) / 1_000 } : row,
  );
  const stayed = tree.flatMap(({ location, name }): LengthOfStay[] => lengthOf(location, name, lengths.get(location)));
  return { from: dateOf(first), to: dateOf(last), zone, days: rows, stays: stayed };
}

/** The figures of one ward. They are those of the whole hospital's census, as a transfer to another ward is neither an admission nor a discharge. */
export const ofWard = (census: Census, location: string): Census => ({
  ...census,
  days: census.days.filter(({ ward }) => ward === location),
  stays: census.stays.filter(({ ward }) => ward === location),
});

const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

const emptyDay = ({ location, name, rooms }: WardPlace, day: number): CensusDay => ({
  day: dateOf(day),
  ward: location,
  name,
  beds: rooms.reduce((sum, { beds }) => sum + beds.length, 0),
  atMidnight: 0,
  away: 0,
  admissions: 0,
  transfersIn: 0,
  transfersOut: 0,
  discharges: 0,
  deaths: 0,
});

function countMoves(visits: Visit[], ended: number, at: (moment: number, ward: string) => CensusDay | undefined): void {
  for (const [index, { ward, from, to }] of visits.entries()) {
    const came = Number.isFinite(from) ? at(from, ward) : undefined;
    if (came) came[index === 0 ? "admissions" : "transfersIn"] += 1;
    const left = Number.isFinite(to) && to < ended ? at(to, ward) : undefined;
    if (left) left.transfersOut += 1;
  }
}

function countMidnights(visits: Visit[], stay: Encounter, { first, last, zone }: Days, table: ReadonlyMap<string, CensusDay>): void {
  for (let day = first; day <= last; day += 1) {
    const midnight = momentOf((day + 1) * DAY_MS, zone);
    const there = visits.find(({ from, to }) => from < midnight && midnight <= to);
    const row = there && table.get(`${day} ${there.ward}`);
    if (!row) continue;
    row.atMidnight += 1;
    if (wasAway(stay, midnight)) row.away += 1;
  }
}

function lengthOf(ward: string, name: string, days: number[] | undefined): LengthOfStay[] {
  if (!days || days.length === 0) return [];
  const sorted = days.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
  const mean = Math.round((sorted.reduce((sum, one) => sum + one, 0) / sorted.length) * 100) / 100;
  return [{ ward, name, discharges: sorted.length, meanDays: mean, medianDays: median }];
}

const COLUMNS = [
  "day",
  "ward",
  "name",
  "beds",
  "atMidnight",
  "away",
  "occupancy",
  "admissions",
  "transfersIn",
  "transfersOut",
  "discharges",
  "deaths",
] as const;

/** A line for each day and ward. */
export const csvOf = ({ days }: Census): string =>
  [COLUMNS.join(","), ...days.map((row) => COLUMNS.map((name) => quoted(row[name] ?? "")).join(","))].map((line) => `${line}\r\n`).join("");

/** Prevents that a spreadsheet takes a text for a formula (OWASP, CSV injection). */
function quoted(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
