/** Encounters in progress: who is here, and who is responsible, whichever system has written it. */
import type { Encounter, EncounterParticipant } from "./r4.ts";

/** Statuses of an encounter in progress. */
export const OPEN_STATUSES: readonly string[] = ["arrived", "triaged", "in-progress", "onleave"];

/** Whether the patient is present. */
export const isOpen = ({ status }: Pick<Encounter, "status">): boolean => OPEN_STATUSES.includes(status);

/** Whether somebody takes part in an encounter as its attending physician (HL7 v3-ParticipationType). */
export const isAttending = ({ type = [] }: EncounterParticipant): boolean =>
  type.some(({ coding = [] }) => coding.some(({ code }) => code === "ATND"));

/** The attending physician: of several the latest one whose time has not ended; after the encounter the last one. */
export function attendingOf({ participant = [] }: Pick<Encounter, "participant">): EncounterParticipant | undefined {
  const all = participant.filter(isAttending);
  return all.findLast(({ period }) => period?.end === undefined) ?? all.at(-1);
}
