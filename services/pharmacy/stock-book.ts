/**
 * The stock day by day: movements are also counted under the day on which they happened, so that a late entry can be checked against the stock
 * at the end of each day since.
 */
import { intervalOf } from "../../fhir/dates.ts";
import { dayOf } from "../../fhir/time-zone.ts";
import type { EffectTools, Movement } from "../../mixins/fhir/rules/effects.ts";
import { counted } from "../../store/counted.ts";

const MOVED = "moved/";
/** Digits of a day's number in a counter's name, so that names sort by day. */
const DIGITS = 8;

const prefixOf = (shelf: string): string => `${MOVED}${shelf}/`;
const nameOf = (shelf: string, day: number): string => `${prefixOf(shelf)}${String(Math.max(0, day)).padStart(DIGITS, "0")}`;

/** The shelf of a daily counter; undefined: it is another counter. */
export const shelfOfPart = (counter: string): string | undefined =>
  counter.startsWith(MOVED) ? counter.slice(MOVED.length, counter.lastIndexOf("/")) : undefined;

/** The daily counter of a shelf for this moment. */
export const partOfShelf = (shelf: string, now: Date): string => nameOf(shelf, dayOf(now.getTime()));

/** Time of a movement. */
export interface MovedAt {
  /** As in the resource; absent: now. */
  time: string | undefined;
  now: Date;
}

/** The time of a movement, and its day if that is over: then the stock of each day since has to suffice. */
export function momentOf({ time, now }: MovedAt): { at: number; day: number; since: number | undefined } {
  const today = dayOf(now.getTime());
  const [at = now.getTime()] = (time !== undefined && intervalOf(time)) || [];
  const day = Math.min(dayOf(at), today);
  return { at, day, since: day < today ? day : undefined };
}

/** The smallest step of a counter. */
const LEAST = 0.000_001;

/**
 * The movements of a shelf, in total and for the day.
 * @param bound refusal if the stock would be negative, then or at the end of a day since
 * @param chosen shelves that were chosen because their stock suffices: if it no longer does, the choice is made again
 */
export async function shelfMovements(
  moves: [shelf: string, by: number][],
  moved: MovedAt,
  { bound, chosen }: { bound: NonNullable<Movement["bound"]>; chosen?: ReadonlySet<string> },
  tools: EffectTools,
): Promise<Movement[]> {
  const { day, since } = momentOf(moved);
  const movements: Movement[] = [];
  for (const [counter, by] of moves) {
    const isLate = by < 0 && since !== undefined;
    const min = isLate && !chosen?.has(counter) ? await leastKept(counter, since, tools) : bound.min;
    const held = chosen?.has(counter) ? { above: -LEAST } : { bound: { ...bound, min: Math.max(bound.min, min) } };
    movements.push({ counter, by, ...(by < 0 && held), ...(isLate && { isExact: true }) });
    movements.push({ counter: nameOf(counter, day), by });
  }
  return movements;
}

/** The least present stock with which a shelf was not negative at the end of any day since the given one. */
export async function leastKept(shelf: string, since: number, tools: Pick<EffectTools, "counter" | "counters">): Promise<number> {
  const prefix = prefixOf(shelf);
  const present = (await tools.counter(shelf)) ?? 0;
  const days = (await tools.counters(prefix))
    .map(({ name, value }) => ({ day: name.slice(prefix.length), value }))
    .filter(({ day }) => day.length === DIGITS && /^\d+$/.test(day) && Number(day) > since)
    .sort((a, b) => (a.day < b.day ? 1 : -1));
  let balance = present;
  let least = present;
  for (const { value } of days) {
    balance = counted(balance - value);
    least = Math.min(least, balance);
  }
  return counted(present - least);
}
