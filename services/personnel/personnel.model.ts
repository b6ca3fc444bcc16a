import { intervalOf } from "../../fhir/dates.ts";
import type { PractitionerRole, Practitioner, Stored } from "../../fhir/r4.ts";

// The rules of employment: plain data in, plain data out. No broker, no database, no clock.

/** A practitioner who is no longer employed. */
export const inactive = (practitioner: Stored<Practitioner>): Stored<Practitioner> => ({ ...practitioner, active: false });

/** When a role begins, milliseconds since 1970; undefined: not known. */
const beginOf = ({ period }: PractitionerRole): number | undefined =>
  period?.start === undefined ? undefined : intervalOf(period.start)?.[0];

/** A role that has ended; a planned end in the past is kept, and a role that has not begun ends as it begins. */
export function endedRole(role: Stored<PractitionerRole>, at: Date): Stored<PractitionerRole> {
  const { start, end } = role.period ?? {};
  const isPast = end !== undefined && Date.parse(end) <= at.getTime();
  const last = (beginOf(role) ?? 0) > at.getTime() ? start : at.toISOString();
  return { ...role, active: false, period: { ...role.period, ...(isPast ? { end } : last !== undefined && { end: last }) } };
}

/** What the employment cannot have ended before: the role that began last; undefined: none is known to have begun. */
export function latestBegin(roles: Stored<PractitionerRole>[], now: Date): { what: string; time: string | undefined } | undefined {
  const begun = roles.filter((role) => (beginOf(role) ?? Number.POSITIVE_INFINITY) <= now.getTime());
  const [last] = begun.toSorted((a, b) => (beginOf(b) ?? 0) - (beginOf(a) ?? 0));
  return last && { what: `PractitionerRole/${last.id}`, time: last.period?.start };
}

/** Whether a role ends with the employment. */
export const isOngoing = ({ active }: PractitionerRole): boolean => active !== false;
