/** The simulated days: the last is yesterday, so that nothing happens in the future. */
const DAY_MS = 86_400_000;

/** Converts a day, an hour and a minute to a time. */
export interface Calendar {
  /** ISO 8601, UTC. @param day 0 is the first */
  at(day: number, hour: number, minute?: number): string;
}

/** @param days number of days @param now the end of the last one */
export function calendar(days: number, now: Date): Calendar {
  const midnight = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const first = midnight - days * DAY_MS;
  return { at: (day, hour, minute = 0) => new Date(first + day * DAY_MS + hour * 3_600_000 + minute * 60_000).toISOString() };
}
