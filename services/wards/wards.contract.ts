import { action } from "../../mesh/contract.ts";

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

export const BedStatus = { free: "free", taken: "taken", closed: "closed" } as const;
export type BedStatus = (typeof BedStatus)[keyof typeof BedStatus];

/** Everything that other services may know about `wards`. */
export const wards = {
  /** Opens a ward with its rooms and beds, all free. @throws 409 WARD_ALREADY_OPEN when an active ward has this name */
  open: action<{ name: string; rooms: { name: string; beds: string[] }[] }, Ward>("wards.open"),
  /** Beds in order of creation, the first 1,000 of those asked for: of one ward or room, in one state, or all. */
  listBeds: action<{ ward?: string; status?: BedStatus }, Bed[]>("wards.listBeds"),
};
