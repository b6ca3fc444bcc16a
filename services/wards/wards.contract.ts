import { action } from "../../mesh/contract.ts";
import type { Board } from "./board.contract.ts";
import type { BoardChanges, Touched } from "./board-events.contract.ts";

/** The FHIR types that this service owns. */
export const owns = ["Location", "Device", "Endpoint"];

/** Types of which each version is an event, `fhir.TYPE`. */
export const emits = ["Location"];

/** A ward with its rooms and beds; each is a FHIR Location. */
export interface Ward {
  /** "Location/…" */
  location: string;
  name: string;
  rooms: { location: string; name: string; beds: { location: string; name: string }[] }[];
}

/** A bed and whether somebody lies in it. */
export interface Bed {
  /** "Location/…" */
  location: string;
  /** As people call it, e.g. "Cardiology, room 3, bed B". */
  name: string;
  room: string;
  ward: string;
  status: BedStatus;
}

/** Whether a bed can be given to a patient. */
export const BedStatus = { free: "free", taken: "taken", closed: "closed" } as const;
export type BedStatus = (typeof BedStatus)[keyof typeof BedStatus];

const V2_0116 = "http://terminology.hl7.org/CodeSystem/v2-0116";

/** `Location.operationalStatus` of a bed, HL7 v2 table 0116, as far as it is used here. Only beds have one. */
export const OCCUPANCY = {
  free: { system: V2_0116, code: "U", display: "Unoccupied" },
  taken: { system: V2_0116, code: "O", display: "Occupied" },
} as const;

/** Everything that other services may know about `wards`. */
export const wards = {
  /** Opens a ward with its rooms and beds, all free. @throws 409 WARD_ALREADY_OPEN when an active ward has this name */
  open: action<{ name: string; rooms: { name: string; beds: string[] }[] }, Ward>("wards.open"),
  /** Beds in order of creation, the first 1,000 of those asked for: of one ward or room, in one state, or all. */
  listBeds: action<{ ward?: string; status?: BedStatus }, Bed[]>("wards.listBeds"),
  /**
   * The wards, or one of them, as they stand: beds, who lies in them, what waits. What a service that is down would tell is named as unknown,
   * what the caller may not see is left out and named as hidden.
   */
  board: action<{ ward?: string }, Board>("wards.board"),
  /** Which boards these versions change; for gateways, which tell those that look at one (`GET /api/wards/board/events`). At most MAX_TOUCHED. */
  locate: action<{ touched: Touched[] }, BoardChanges>("wards.locate"),
};
