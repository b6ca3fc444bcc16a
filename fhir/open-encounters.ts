/** Encounters in progress: who is here, whichever system has written it. */
import type { Encounter } from "./r4.ts";

/** Statuses of an encounter in progress. */
export const OPEN_STATUSES: readonly string[] = ["arrived", "triaged", "in-progress", "onleave"];

/** Whether the patient is present. */
export const isOpen = ({ status }: Pick<Encounter, "status">): boolean => OPEN_STATUSES.includes(status);
