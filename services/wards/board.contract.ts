import type { AdmissionRequest } from "../hospitalizations/requests.contract.ts";
import type { TransferRequest } from "../hospitalizations/transfers.contract.ts";

/** The wards at one moment: their beds, who lies in them, and what waits. */
export interface Board {
  /** The ward that was asked for, "Location/…"; absent: all. */
  ward?: string;
  at: string; // ISO 8601, UTC
  /** False when a service that knows a part of it is down: `unknown` names the parts. */
  isComplete: boolean;
  /** Parts that are not known now; what is shown of them is not all that there is. */
  unknown: BoardPart[];
  /** Services that have not answered, and so made parts of it unknown. */
  silent: string[];
  /** Parts that the caller may not see; they are left out everywhere. */
  hidden: BoardPart[];
  wards: BoardWard[];
  /** Requests for admission that wait, to this ward or to none in particular, the most urgent first; at most 200. */
  waiting: WaitingRequest[];
  /** Patients of other wards for whom a move to one of these wards is asked for; `transfer` says where to. */
  coming: BoardStay[];
}

/** What a board is made of, besides the beds themselves. */
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
  /** Patients who are in the ward and have no bed yet. */
  withoutBed: BoardStay[];
}

/** A room with its beds. */
export interface BoardRoom {
  /** "Location/…" */
  location: string;
  version: number;
  name: string;
  /** Closed: it takes nobody in, though its beds may be fit for use. */
  status: "open" | "closed";
  /** What the room has, for all its beds; absent: nothing. */
  attributes?: string[];
  /** Whom the room is for; absent: everybody. */
  sex?: "male" | "female";
  beds: BoardBed[];
}

/** One bed, and who lies in it. */
export interface BoardBed {
  /** "Location/…" */
  location: string;
  version: number;
  name: string;
  /** "unknown": who lies where cannot be known now. */
  status: "free" | "taken" | "closed" | "unknown";
  /** Absent: nothing is said of it. A bed that is dirty or being cleaned is closed. */
  cleaning?: "dirty" | "cleaning" | "clean";
  /** What the bed or its room has: "isolation", "oxygen", "cot", … */
  attributes: string[];
  /** What of `attributes` the bed itself has, which `wards.describe` changes; absent: all of it. */
  own?: string[];
  sex?: "male" | "female";
  /** Absent: nobody lies there, or the caller may not see who. */
  stay?: BoardStay;
}

/** Who the patient of a stay or of a request is; what is not known, or may not be seen, is absent. */
export interface BoardPatient {
  /** "Patient/…" */
  patient: string;
  name?: string;
  /** The name in other scripts. */
  names?: string[];
  sex?: string; // FHIR's administrative gender
  birthDate?: string;
  /** Completed years; days of those under 28 days, months of those under two years. */
  age?: { value: number; unit: "years" | "months" | "days" };
}

/** One stay, as it stands on the board. */
export interface BoardStay extends BoardPatient {
  /** "Encounter/…" */
  stay: string;
  version: number;
  admittedAt: string; // ISO 8601, UTC
  /** Midnights since the admission, by the hospital's clock. */
  days: number;
  diagnosis?: string;
  /** Why the patient is isolated. */
  isolation?: string;
  /** Active allergies; look at `unknown` and `hidden` before none are taken for none. */
  allergies: string[];
  /** The responsible physician, "Practitioner/…" and name. */
  physician?: string;
  physicianName?: string;
  /** A move that is asked for, or was denied. */
  transfer?: TransferRequest;
  /** The patient is away for a while. */
  leave?: { since: string };
  /** What waits: critical results that nobody has acknowledged, doses due, transfers asked for, orders without result. */
  waits: { results: number; doses: number; transfers: number; requests: number };
}

/** A request for admission with its patient. */
export interface WaitingRequest extends AdmissionRequest, BoardPatient {
  patient: string;
}
