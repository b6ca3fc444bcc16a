import type { Encounter } from "../../fhir/r4.ts";

/** A request for admission: a FHIR Encounter with the status planned, which becomes the stay. */
export interface AdmissionRequest {
  /** "Encounter/…" */
  request: string;
  version: number;
  patient: string; // "Patient/…"
  kind: RequestKind;
  status: RequestStatus;
  /** The requested ward or, after the acceptance, the assigned one: "Location/…". */
  ward?: string;
  /** Reason for the admission. */
  reason?: string;
  requestedAt: string; // ISO 8601, UTC; "" where a client has planned the stay and does not say
  /** Planned time of arrival. */
  plannedFor?: string; // ISO 8601, UTC
  /** For a newborn: the mother's stay, "Encounter/…". */
  motherStay?: string;
  /** Required attributes of the bed, e.g. "isolation". */
  needs: string[];
  /** Reason for the denial. */
  deniedBecause?: string;
}

/** Kind of an admission. */
export const RequestKind = { planned: "planned", emergency: "emergency", newborn: "newborn" } as const;
export type RequestKind = (typeof RequestKind)[keyof typeof RequestKind];

/** Status of a request. */
export const RequestStatus = { requested: "requested", accepted: "accepted", denied: "denied", admitted: "admitted" } as const;
export type RequestStatus = (typeof RequestStatus)[keyof typeof RequestStatus];

/** URL of an extension of an Encounter, a dateTime: the time of the admission request. */
export const REQUESTED = "urn:openward:admission-requested";
/** Code system of attributes that beds have and patients need. */
export const BED_ATTRIBUTE = "urn:openward:bed-attribute";
/** HL7's extension of Encounter: the reason of the cancellation. */
const REASON_CANCELLED = "http://hl7.org/fhir/StructureDefinition/encounter-reasonCancelled";

/** A planned stay as a request; also after it has been admitted or denied. */
export function requestOf(encounter: Encounter, version: number): AdmissionRequest {
  const { extension = [], period, partOf, hospitalization, reasonCode, subject } = encounter;
  const place = encounter.location?.find(({ status }) => status === "reserved" || status === "planned")?.location.reference;
  const because = extension.find(({ url }) => url === REASON_CANCELLED)?.valueCodeableConcept?.text;
  const reason = reasonCode?.[0]?.text ?? reasonCode?.[0]?.coding?.[0]?.display;
  const codes = hospitalization?.specialArrangement?.flatMap(({ coding = [] }) => coding) ?? [];
  const status = statusOf(encounter);
  return {
    request: `Encounter/${encounter.id}`,
    version,
    patient: subject?.reference ?? "",
    kind: kindOf(encounter),
    status,
    ...(place !== undefined && { ward: place }),
    ...(reason !== undefined && { reason }),
    requestedAt: extension.find(({ url }) => url === REQUESTED)?.valueDateTime ?? "",
    ...(encounter.status === "planned" && period?.start !== undefined && { plannedFor: period.start }),
    ...(partOf?.reference !== undefined && { motherStay: partOf.reference }),
    needs: codes.flatMap(({ system, code }) => (system === BED_ATTRIBUTE && code !== undefined ? [code] : [])),
    ...(status === RequestStatus.denied && because !== undefined && { deniedBecause: because }),
  };
}

function kindOf({ hospitalization, priority }: Encounter): RequestKind {
  if (hospitalization?.admitSource?.coding?.some(({ code }) => code === "born")) return RequestKind.newborn;
  return priority?.coding?.some(({ code }) => code === "EM") ? RequestKind.emergency : RequestKind.planned;
}

function statusOf({ status, location = [] }: Encounter): RequestStatus {
  if (status === "cancelled" || status === "entered-in-error") return RequestStatus.denied;
  if (status !== "planned") return RequestStatus.admitted;
  return location.some((it) => it.status === "reserved") ? RequestStatus.accepted : RequestStatus.requested;
}
