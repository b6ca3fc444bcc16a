import type { AdmissionRequest } from "../hospitalizations/requests.contract.ts";
import type { TransferRequest } from "../hospitalizations/transfers.contract.ts";

/** The wards at one moment: beds, patients, and what waits. */
export interface Board {
  /** The requested ward, "Location/…"; absent: all. */
  ward?: string;
  at: string; // ISO 8601, UTC
  /** False if a service with a part of it is down: `unknown` names the parts. */
  isComplete: boolean;
  /** Parts that are unknown now; what is shown of them is incomplete. */
  unknown: BoardPart[];
  /** Services that did not answer, which made parts of it unknown. */
  silent: string[];
  /** Parts that the caller may not see; they are left out. */
  hidden: BoardPart[];
  wards: BoardWard[];
  /** Waiting admission requests for this ward or for any, the most urgent first; at most 200. */
  waiting: WaitingRequest[];
  /** Patients of other wards with a requested transfer to one of these; `transfer` names the place. */
  coming: BoardStay[];
}

/** The parts of a board, besides the beds themselves. */
export const BoardPart = {
  stays: "stays",
  patients: "patients",
  allergies: "allergies",
  isolation: "isolation",
  diagnoses: "diagnoses",
  requests: "requests",
  results: "results",
  doses: "doses",
} as const;
export type BoardPart = (typeof BoardPart)[keyof typeof BoardPart];

/** A ward with its rooms. */
export interface BoardWard {
  /** "Location/…" */
  location: string;
  name: string;
  status: "open" | "closed";
  rooms: BoardRoom[];
  /** Patients in the ward without an assigned bed. */
  withoutBed: BoardStay[];
}

/** A room with its beds. */
export interface BoardRoom {
  /** "Location/…" */
  location: string;
  version: number;
  name: string;
  /** Closed: it takes no patients, although its beds may be usable. */
  status: "open" | "closed";
  /** Attributes of the room, for all its beds; absent: none. */
  attributes?: string[];
  /** Sex for which the room is reserved; absent: both. */
  sex?: "male" | "female";
  beds: BoardBed[];
}

/** One bed, with its patient. */
export interface BoardBed {
  /** "Location/…" */
  location: string;
  version: number;
  name: string;
  /** "unknown": occupancy is unknown now. */
  status: "free" | "taken" | "closed" | "unknown";
  /** Absent: not recorded. A bed that is dirty or being cleaned is closed. */
  cleaning?: "dirty" | "cleaning" | "clean";
  /** Attributes of the bed or its room: "isolation", "oxygen", "cot", … */
  attributes: string[];
  /** Those of `attributes` that are the bed's own, which `wards.describe` changes; absent: all. */
  own?: string[];
  sex?: "male" | "female";
  /** Absent: the bed is free, or the caller may not see the patient. */
  stay?: BoardStay;
}

/** The patient of a stay or of a request; what is unknown, or may not be seen, is absent. */
export interface BoardPatient {
  /** "Patient/…" */
  patient: string;
  name?: string;
  /** The name in other scripts. */
  names?: string[];
  sex?: string; // FHIR's administrative gender
  birthDate?: string;
  /** Completed years; days below 28 days, months below two years. */
  age?: { value: number; unit: "years" | "months" | "days" };
}

/** One stay as the board shows it. */
export interface BoardStay extends BoardPatient {
  /** "Encounter/…" */
  stay: string;
  version: number;
  admittedAt: string; // ISO 8601, UTC
  /** Midnights since the admission, by the hospital's clock. */
  days: number;
  diagnosis?: string;
  /** Reason of the isolation. */
  isolation?: string;
  /** Active allergies; an empty list means none only if `unknown` and `hidden` do not name them. */
  allergies: string[];
  /** The responsible physician, "Practitioner/…" and name. */
  physician?: string;
  physicianName?: string;
  /** A transfer that is requested, or was denied. */
  transfer?: TransferRequest;
  /** The patient is on leave. */
  leave?: { since: string };
  /** Number of critical results to acknowledge, doses due, requested transfers, and orders without a result. */
  waits: { results: number; doses: number; transfers: number; requests: number };
}

/** A request for admission with its patient. */
export interface WaitingRequest extends AdmissionRequest, BoardPatient {
  patient: string;
}
