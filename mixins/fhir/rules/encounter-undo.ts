/** How an Encounter that was none, or has not ended, is put right: its history stays. */
import type { Encounter, Extension } from "../../../fhir/r4.ts";
import { because } from "./reasons.ts";

/** HL7's extension of Encounter: why it was cancelled. */
const REASON_CANCELLED = "http://hl7.org/fhir/StructureDefinition/encounter-reasonCancelled";

/** An open Encounter that was none. */
export function cancelled<Of extends Encounter>(encounter: Of, reason: string, now: Date): Of {
  const why: Extension = { url: REASON_CANCELLED, valueCodeableConcept: { text: reason } };
  const period = { ...encounter.period, end: now.toISOString() };
  return { ...encounter, status: "cancelled", period, extension: [...(encounter.extension ?? []), why] };
}

/** A finished Encounter that goes on: its statusHistory keeps that it had ended, as the rule of its status asks. */
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
