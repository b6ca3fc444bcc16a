/** How an Encounter that was opened or ended by mistake is corrected; its history is kept. */
import type { Encounter, Extension } from "../../../fhir/r4.ts";
import { because } from "./reasons.ts";

/** HL7's extension of Encounter: reason of cancellation. */
const REASON_CANCELLED = "http://hl7.org/fhir/StructureDefinition/encounter-reasonCancelled";

/** Cancels an open Encounter that did not take place. */
export function cancelled<Of extends Encounter>(encounter: Of, reason: string, now: Date): Of {
  const why: Extension = { url: REASON_CANCELLED, valueCodeableConcept: { text: reason } };
  const period = { ...encounter.period, end: now.toISOString() };
  return { ...encounter, status: "cancelled", period, extension: [...(encounter.extension ?? []), why] };
}

/** Reopens a finished Encounter; its statusHistory records that it had ended, as the status rule requires. */
export function reopened<Of extends Encounter>(encounter: Of, reason: string, now: Date): Of {
  const { period: before, ...rest } = encounter;
  const { end, ...period } = before ?? {};
  const ended = { ...(end !== undefined && { start: end }), end: now.toISOString() };
  return {
    ...(rest as unknown as Of),
    status: "in-progress",
    statusHistory: [...(encounter.statusHistory ?? []), { status: "finished", period: ended, extension: [because(reason)] }],
    ...(Object.keys(period).length > 0 && { period }),
  };
}
