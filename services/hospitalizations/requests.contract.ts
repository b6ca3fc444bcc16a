/** A request that a patient be admitted: a FHIR Encounter with the status planned, which becomes the stay. */
export interface AdmissionRequest {
  /** "Encounter/…" */
  request: string;
  version: number;
  patient: string; // "Patient/…"
  kind: RequestKind;
  status: RequestStatus;
  /** The ward that is asked for or, when it is accepted, given: "Location/…". */
  ward?: string;
  /** Why the patient shall be admitted. */
  reason?: string;
  requestedAt: string; // ISO 8601, UTC
  /** When the patient shall come. */
  plannedFor?: string; // ISO 8601, UTC
  /** Of a newborn: the mother's stay, "Encounter/…". */
  motherStay?: string;
  /** What the bed must have, e.g. "isolation". */
  needs: string[];
  /** Why it was denied. */
  deniedBecause?: string;
}

/** How a patient comes to be admitted. */
export const RequestKind = { planned: "planned", emergency: "emergency", newborn: "newborn" } as const;
export type RequestKind = (typeof RequestKind)[keyof typeof RequestKind];

/** What has become of a request. */
export const RequestStatus = { requested: "requested", accepted: "accepted", denied: "denied", admitted: "admitted" } as const;
export type RequestStatus = (typeof RequestStatus)[keyof typeof RequestStatus];
