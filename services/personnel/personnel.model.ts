import type { PractitionerRole, Practitioner, Stored } from "../../fhir/r4.ts";

// The rules of employment: plain data in, plain data out. No broker, no database, no clock.

/** A practitioner who is no longer employed. */
export const inactive = (practitioner: Stored<Practitioner>): Stored<Practitioner> => ({ ...practitioner, active: false });

/** A role that has ended; a planned end in the past is kept. */
export function endedRole(role: Stored<PractitionerRole>, now: Date): Stored<PractitionerRole> {
  const end = role.period?.end;
  const isPast = end !== undefined && Date.parse(end) <= now.getTime();
  return { ...role, active: false, period: { ...role.period, end: isPast ? end : now.toISOString() } };
}

/** Whether a role ends with the employment. */
export const isOngoing = ({ active }: PractitionerRole): boolean => active !== false;
