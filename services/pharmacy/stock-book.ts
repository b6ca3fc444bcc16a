/**
 * The shelf day by day: what moves it is counted under the day on which it happened too, so that what is written down later is held against
 * what lay there at each end of a day since.
 */
import { intervalOf } from "../../fhir/dates.ts";
import { dayOf } from "../../fhir/time-zone.ts";
import type { EffectTools, Movement } from "../../mixins/fhir/rules/effects.ts";
import { counted } from "../../store/counted.ts";

const MOVED = "moved/";
/** Characters of a day's number: they stand in order. */
const DIGITS = 8;

const prefixOf = (shelf: string): string => `${MOVED}${shelf}/`;
const nameOf = (shelf: string, day: number): string => `${prefixOf(shelf)}${String(Math.max(0, day)).padStart(DIGITS, "0")}`;

/** The shelf whose movements of one day a counter holds; undefined: it is another counter. */
export const shelfOfPart = (counter: string): string | undefined =>
  counter.startsWith(MOVED) ? counter.slice(MOVED.length, counter.lastIndexOf("/")) : undefined;

/** When a movement happened. */
export interface MovedAt {
  /** As the resource has it; absent: now. */
  time: string | undefined;
  now: Date;
}

/** When it happened, and its day if that is over: what was taken then must have been there on each day since. */
export function momentOf({ time, now }: MovedAt): { at: number; day: number; since: number | undefined } {
  const today = dayOf(now.getTime());
  const [at = now.getTime()] = (time !== undefined && intervalOf(time)) || [];
  const day = Math.min(dayOf(at), today);
  return { at, day, since: day < today ? day : undefined };
}

/** The least step of a counter. */
const LEAST = 0.000_001;

/**
 * How a shelf moves, and its day.
 * @param bound what refuses that it would be below zero, then or at the end of a day since
 * @param chosen shelves that were chosen since there is enough on them: when there is not any more, it is chosen again
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

/** What must be left of a shelf now, so that it was not below zero at the end of any day since that one. */
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
