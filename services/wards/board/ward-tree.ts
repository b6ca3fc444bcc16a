/** The wards as a tree with rooms and beds, from their Locations. Plain data in, plain data out. */
import type { Location, Stored } from "../../../fhir/r4.ts";
import { versionOf } from "../../../mixins/fhir/write-steps.ts";
import { placeOf } from "../../../mixins/fhir/rules/common.ts";
import { PhysicalType } from "../../../fhir/physical-type.ts";
import { attributesOf, cleaningOf, isBed, isInUse, isOutOfUse, kindOf, sexOf } from "../wards.model.ts";

/** A bed without its occupancy. */
export interface BedPlace {
  location: string;
  version: number;
  name: string;
  isUsable: boolean;
  cleaning?: "dirty" | "cleaning" | "clean";
  /** Attributes of the bed or its room. */
  attributes: string[];
  /** The bed's own attributes; absent: all, since the room has none. */
  own?: string[];
  sex?: "male" | "female";
}

/** A room of a ward. */
export interface RoomPlace {
  location: string;
  version: number;
  name: string;
  status: "open" | "closed";
  /** Attributes of the room, for all its beds; absent: none. */
  attributes?: string[];
  sex?: "male" | "female";
  beds: BedPlace[];
}

/** A ward with its rooms. */
export interface WardPlace {
  location: string;
  name: string;
  status: "open" | "closed";
  rooms: RoomPlace[];
}

/** Levels above a bed: room, ward, building, site. */
export const MAX_ABOVE = 5;

/** The tree of these Locations; a bed outside of any ward is a ward and a room of its own. */
export function wardTreeOf(locations: Stored<Location>[]): WardPlace[] {
  const known = new Map(locations.map((it) => [`Location/${it.id}`, it]));
  const wards = new Map<string, WardPlace>();
  const rooms = new Map<string, RoomPlace>();
  const wardAt = (place: string, location: Stored<Location>): WardPlace => {
    const there = wards.get(place);
    if (there) return there;
    const made: WardPlace = { location: place, name: nameOf(location), status: isInUse(location) ? "open" : "closed", rooms: [] };
    wards.set(place, made);
    return made;
  };
  const roomAt = (place: string, location: Stored<Location>): RoomPlace => {
    const there = rooms.get(place);
    if (there) return there;
    const [top, topmost] = wardAbove(place, location, known);
    const sex = sexOf(location);
    const attributes = isBed(location) ? [] : attributesOf(location); // a bed outside of any room has its own
    const status = isInUse(location) ? "open" : "closed";
    const made: RoomPlace = {
      location: place,
      version: versionOf(location),
      name: shortName(location, topmost),
      status,
      ...(attributes.length > 0 && { attributes }),
      ...(sex && { sex }),
      beds: [],
    };
    rooms.set(place, made);
    wardAt(top, topmost).rooms.push(made);
    return made;
  };
  for (const [place, location] of known) {
    const kind = kindOf(location);
    if (kind === PhysicalType.ward) wardAt(place, location);
    else if (kind === PhysicalType.room && isInUse(location)) roomAt(place, location);
  }
  for (const [place, bed] of known) {
    if (!isBed(bed) || bed.status === "inactive") continue;
    const parent = placeOf(bed.partOf);
    const room = parent === undefined ? undefined : known.get(parent);
    const [at, in_] = room && parent !== undefined ? [parent, room] : [place, bed];
    const cleaning = cleaningOf(bed);
    const sex = sexOf(bed) ?? sexOf(in_);
    const own = attributesOf(bed);
    const roomHas = in_ === bed ? [] : attributesOf(in_);
    roomAt(at, in_).beds.push({
      location: place,
      version: versionOf(bed),
      name: in_ === bed ? nameOf(bed) : shortName(bed, in_),
      isUsable: isInUse(bed) && isInUse(in_) && !isOutOfUse(bed),
      ...(cleaning && { cleaning }),
      attributes: [...new Set([...own, ...roomHas])],
      ...(roomHas.length > 0 && { own }),
      ...(sex && { sex }),
    });
  }
  return [...wards.values()];
}

/** The ward of a place, or the topmost place above it. */
export function wardAbove<Of extends Location>(place: string, location: Of, known: ReadonlyMap<string, Of>): [place: string, location: Of] {
  let [at, is] = [place, location];
  for (let above = 0; above < MAX_ABOVE && kindOf(is) !== PhysicalType.ward; above += 1) {
    const next = placeOf(is.partOf);
    const parent = next === undefined ? undefined : known.get(next);
    if (!parent || next === undefined) break;
    [at, is] = [next, parent];
  }
  return [at, is];
}

const nameOf = ({ name, id }: Stored<Location>): string => name ?? id;

/** "Surgery, room 1" in "Surgery" is "room 1". */
function shortName(location: Stored<Location>, above: Stored<Location>): string {
  const [own, whole] = [nameOf(location), `${nameOf(above)}, `];
  return own.startsWith(whole) ? own.slice(whole.length) : own;
}

/** All beds, `Location/…`. */
export const bedsIn = (tree: WardPlace[]): string[] =>
  tree.flatMap(({ rooms }) => rooms.flatMap(({ beds }) => beds.map(({ location }) => location)));
