import { action } from "../../mesh/contract.ts";
import type { SeenVersion } from "../../mesh/seen-version-contract.ts";
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

/** A bed, with its occupancy. */
export interface Bed {
  /** "Location/…" */
  location: string;
  /** Full name, e.g. "Cardiology, room 3, bed B". */
  name: string;
  room: string;
  ward: string;
  status: BedStatus;
}

/** A free bed for a patient with certain needs. */
export interface FoundBed extends Bed {
  /** Attributes of the bed or its room: "isolation", "oxygen", "cot", … */
  attributes: string[];
  /** Sex for which the room is reserved; absent: both. */
  sex?: "male" | "female";
  /** Number of attributes that are not needed: using a bed with few of them leaves the others for patients who need them. */
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

/** Cleanliness of a bed; only a clean one is given to a patient. */
export const Cleaning = { dirty: "dirty", cleaning: "cleaning", clean: "clean" } as const;
export type Cleaning = (typeof Cleaning)[keyof typeof Cleaning];

/** Status of a bed; only a free one can be given to a patient. */
export const BedStatus = { free: "free", taken: "taken", closed: "closed" } as const;
export type BedStatus = (typeof BedStatus)[keyof typeof BedStatus];

const V2_0116 = "http://terminology.hl7.org/CodeSystem/v2-0116";

/** `Location.operationalStatus` of a bed, HL7 v2 table 0116, as far as it is used here. Only beds have it. */
export const OCCUPANCY = {
  free: { system: V2_0116, code: "U", display: "Unoccupied" },
  taken: { system: V2_0116, code: "O", display: "Occupied" },
} as const;

/** Everything that other services may know about `wards`. */
export const wards = {
  /** Opens a ward with its rooms and beds, all free. @throws 409 WARD_ALREADY_OPEN when an active ward has this name */
  open: action<{ name: string; rooms: { name: string; beds: string[] }[] }, Ward>("wards.open"),
  /** Beds in order of creation, at most 1,000: of one ward or room, with one status, or all. */
  listBeds: action<{ ward?: string; status?: BedStatus }, Bed[]>("wards.listBeds"),
  /**
   * The wards, or one of them, at present: beds, patients, what waits. Parts of a service that is down are named as unknown,
   * parts that the caller may not see are left out and named as hidden.
   */
  board: action<{ ward?: string }, Board>("wards.board"),
  /** The boards that these versions change; for gateways, which notify the clients of a board (`GET /api/wards/board/events`). At most MAX_TOUCHED. */
  locate: action<{ touched: Touched[] }, BoardChanges>("wards.locate"),
  /** Adds a room with beds to a ward. @throws 404 PLACE_NOT_FOUND; 409 NOT_A_WARD, WARD_IS_CLOSED, BED_NAME_TAKEN */
  addRoom: action<{ ward: string; name: string; beds: string[] }, WardRoom>("wards.addRoom"),
  /** Adds beds to a room. @throws 404 PLACE_NOT_FOUND; 409 BED_NAME_TAKEN, NOT_A_ROOM, WARD_IS_CLOSED, PLACE_CHANGED */
  addBeds: action<{ room: string; beds: string[]; attributes?: string[] }, Bed[]>("wards.addBeds"),
  /**
   * Sets attributes of a bed or room, and the sex for which a room is reserved; what is not given stays. `sex` "any": both. `version`: the one that
   * was read, so that a later change by others is not overwritten unseen.
   * @throws 404 PLACE_NOT_FOUND; 409 PLACE_CHANGED, `data.version` is the one that is stored
   */
  describe: action<{ location: string; attributes?: string[]; sex?: "male" | "female" | "any" } & SeenVersion, Place>("wards.describe"),
  /** Sets a bed to dirty, being cleaned or clean, in this order; dirty at any time. @throws 404 PLACE_NOT_FOUND; 409 NOT_A_WARD_BED, CLEANING_STEP, PLACE_CHANGED */
  setCleaning: action<{ bed: string; cleaning: Cleaning } & SeenVersion, Place>("wards.setCleaning"),
  /**
   * Closes a bed, a room or a ward: it takes no more patients.
   * @throws 404 PLACE_NOT_FOUND; 409 STILL_OCCUPIED, PLACE_CHANGED; 503 when occupancy is unknown
   */
  close: action<{ location: string; reason: string } & SeenVersion, Place>("wards.close"),
  /** Reopens it. @throws 404 PLACE_NOT_FOUND; 409 WARD_ALREADY_OPEN, BED_NAME_TAKEN, PLACE_CHANGED */
  reopen: action<{ location: string } & SeenVersion, Place>("wards.reopen"),
  /**
   * Free beds for a patient with these needs (`needs`: "isolation,oxygen") and of this sex, those with the fewest other attributes first. At most 200.
   * @throws 503 when occupancy is unknown
   */
  findBeds: action<{ ward?: string; needs?: string; sex?: "male" | "female" }, FoundBed[]>("wards.findBeds"),
  /**
   * The midnight census of each ward from one day to another, by the hospital's clocks, and the length of stay of discharged patients.
   * At most 92 days; beds are counted at present.
   * @throws 409 DAYS_IMPOSSIBLE, CENSUS_TOO_LARGE; 503 when stays are unknown
   */
  census: action<{ from: string; to: string; ward?: string }, Census>("wards.census"),
  /** The same as comma-separated values (RFC 4180), a line for each day and ward. @throws as `census` */
  censusCsv: action<{ from: string; to: string; ward?: string }, string>("wards.censusCsv"),
};
