import type { Encounter } from "../../fhir/r4.ts";
import { cancelled } from "../../mixins/fhir/rules/encounter-undo.ts";
import { CLASS, nowIn } from "./hospitalizations.model.ts";
import { requestNotAccepted, requestNotOpen } from "./hospitalizations.errors.ts";
import { BED_ATTRIBUTE, REQUESTED, RequestKind, RequestStatus, requestOf } from "./requests.contract.ts";
import { without } from "../../fhir/typed.ts";

// The rules of admission requests, which are planned Encounters: plain data in, plain data out.

type WithId = Encounter & { id: string };

/** The content of a request. */
export interface RequestedAdmission {
  patient: string;
  kind: RequestKind;
  ward?: string;
  reason?: string;
  plannedFor?: string;
  motherStay?: string;
  needs?: string[];
}

const PRIORITY = {
  planned: { code: "EL", display: "elective" },
  emergency: { code: "EM", display: "emergency" },
  newborn: { code: "R", display: "routine" },
} as const;

/** The planned stay of a request. */
export function newRequest(id: string, wish: RequestedAdmission, now: Date): WithId {
  const { patient, kind, ward, reason, plannedFor, motherStay, needs = [] } = wish;
  const born = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/admit-source", code: "born", display: "Born in hospital" }] };
  const hospitalization = {
    ...(kind === RequestKind.newborn && { admitSource: born }),
    ...(needs.length > 0 && { specialArrangement: [...new Set(needs)].map((code) => ({ coding: [{ system: BED_ATTRIBUTE, code }] })) }),
  };
  return {
    resourceType: "Encounter",
    id,
    status: "planned",
    class: CLASS,
    priority: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ActPriority", ...PRIORITY[kind] }] },
    subject: { reference: patient },
    ...(plannedFor !== undefined && { period: { start: plannedFor } }),
    ...(reason !== undefined && { reasonCode: [{ text: reason }] }),
    ...(Object.keys(hospitalization).length > 0 && { hospitalization }),
    ...(motherStay !== undefined && { partOf: { reference: motherStay } }), // R4 encounter.html: the encounters of a child and its mother
    ...(ward !== undefined && { location: [{ location: { reference: ward }, status: "planned" }] }),
    extension: [{ url: REQUESTED, valueDateTime: now.toISOString() }],
  };
}

/** The request as accepted, with a reserved place. @throws 409 REQUEST_NOT_OPEN */
export function acceptRequest<Of extends WithId>(request: Of, ward: string): Of {
  requireOpen(request);
  return { ...request, location: [{ location: { reference: ward }, status: "reserved" }] };
}

/** The request without its acceptance: it waits again, for the ward or, without one, for any. @throws 409 REQUEST_NOT_OPEN, REQUEST_NOT_ACCEPTED */
export function withdrawAcceptance<Of extends WithId>(request: Of, ward: string | undefined): Of {
  requireOpen(request);
  if (requestOf(request, 0).status !== RequestStatus.accepted) throw requestNotAccepted(`Encounter/${request.id}`);
  const { location: _, ...rest } = request;
  // The removed element is optional in R4, so that it is still an Encounter.
  return { ...(rest as unknown as Of), ...(ward !== undefined && { location: [{ location: { reference: ward }, status: "planned" }] }) };
}

/** The request as denied. @throws 409 REQUEST_NOT_OPEN */
export function denyRequest<Of extends WithId>(request: Of, reason: string, now: Date): Of {
  requireOpen(request);
  return cancelled(without(request, "period", "location"), reason, now);
}

/** The request as the stay that it becomes. @throws 409 REQUEST_NOT_OPEN, also for another patient's */
export function admitFromRequest<Of extends WithId>(request: Of, { patient, place }: { patient: string; place: string }, now: Date): Of {
  requireOpen(request);
  if (request.subject?.reference !== patient) throw requestNotOpen(`Encounter/${request.id}`);
  const start = now.toISOString();
  return { ...without(request, "location"), status: "in-progress", period: { start }, location: nowIn({} as Encounter, [place], now) };
}

function requireOpen(request: WithId): void {
  const { status, request: reference } = requestOf(request, 0);
  if (status !== RequestStatus.requested && status !== RequestStatus.accepted) throw requestNotOpen(reference);
}
