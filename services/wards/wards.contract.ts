import { action } from "../../mesh/contract.ts";
import type { Board } from "./board.contract.ts";
import type { Census } from "./census.contract.ts";
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
  rooms: WardRoom[];
}

/** A room with its beds; each is a FHIR Location. */
export interface WardRoom {
  /** "Location/…" */
  location: string;
  name: string;
  beds: { location: string; name: string }[];
}

/** A bed and whether a patient lies in it. */
export interface Bed {
  /** "Location/…" */
  location: string;
  /** As people call it, e.g. "Cardiology, room 3, bed B". */
  name: string;
  room: string;
  ward: string;
  status: BedStatus;
}

/** A bed that can be given to a patient who needs something of it. */
export interface FoundBed extends Bed {
  /** What the bed or its room has: "isolation", "oxygen", "cot", … */
  attributes: string[];
  /** Whom the room is for; absent: everybody. */
  sex?: "male" | "female";
  /** Attributes that were not asked for: a bed with few leaves the others for those who need them. */
  unneeded: number;
}

/** A bed, a room or a ward after a change. */
export interface Place {
  /** "Location/…" */
  location: string;
  version: number;
  name: string;
  status: "open" | "closed";
  cleaning?: Cleaning;
  attributes: string[];
  sex?: "male" | "female";
}

/** How clean a bed is; only a clean one is given to a patient. */
export const Cleaning = { dirty: "dirty", cleaning: "cleaning", clean: "clean" } as const;
export type Cleaning = (typeof Cleaning)[keyof typeof Cleaning];

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
  /** One more room of a ward, with its beds. @throws 404 PLACE_NOT_FOUND; 409 NOT_A_WARD, WARD_IS_CLOSED, BED_NAME_TAKEN */
  addRoom: action<{ ward: string; name: string; beds: string[] }, WardRoom>("wards.addRoom"),
  /** More beds in a room. @throws 404 PLACE_NOT_FOUND; 409 BED_NAME_TAKEN, NOT_A_ROOM, WARD_IS_CLOSED, PLACE_CHANGED */
  addBeds: action<{ room: string; beds: string[]; attributes?: string[] }, Bed[]>("wards.addBeds"),
  /**
   * What a bed or room has, and whom a room is for; what is not named stays. `sex` "any": everybody. `version`: the one that was read, so
   * that what others have stored since is not taken back unseen.
   * @throws 404 PLACE_NOT_FOUND; 409 PLACE_CHANGED, `data.version` is the one that is stored
   */
  describe: action<{ location: string; version?: number; attributes?: string[]; sex?: "male" | "female" | "any" }, Place>("wards.describe"),
  /** Dirty, being cleaned, clean, in this order; dirty at any time. @throws 404 PLACE_NOT_FOUND; 409 NOT_A_WARD_BED, CLEANING_STEP, PLACE_CHANGED */
  setCleaning: action<{ bed: string; cleaning: Cleaning }, Place>("wards.setCleaning"),
  /**
   * Takes nobody in any more: a bed, a room or a ward.
   * @throws 404 PLACE_NOT_FOUND; 409 STILL_OCCUPIED, PLACE_CHANGED; 503 when who lies there is not known now
   */
  close: action<{ location: string; reason: string }, Place>("wards.close"),
  /** Takes patients in again. @throws 404 PLACE_NOT_FOUND; 409 WARD_ALREADY_OPEN, BED_NAME_TAKEN, PLACE_CHANGED */
  reopen: action<{ location: string }, Place>("wards.reopen"),
  /**
   * Free beds for who needs these (`needs`: "isolation,oxygen") and is of this sex, those first that have least besides. At most 200.
   * @throws 503 when who lies where is not known now
   */
  findBeds: action<{ ward?: string; needs?: string; sex?: "male" | "female" }, FoundBed[]>("wards.findBeds"),
  /**
   * Who was where at each midnight from one day to another, by the hospital's clocks, and how long those stayed who left: figures of each ward.
   * At most 92 days; beds are counted as they are today.
   * @throws 409 DAYS_IMPOSSIBLE, CENSUS_TOO_LARGE; 503 when who lay where is not known now
   */
  census: action<{ from: string; to: string; ward?: string }, Census>("wards.census"),
  /** The same as comma-separated values (RFC 4180), a line for each day and ward. @throws as `census` */
  censusCsv: action<{ from: string; to: string; ward?: string }, string>("wards.censusCsv"),
};
