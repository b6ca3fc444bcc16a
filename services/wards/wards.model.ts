import { v7 as timeOrderedId } from "uuid";
import { fold } from "../../fhir/search/fold.ts";
import type { Location } from "../../fhir/r4.ts";
import { referenceClause } from "../../fhir/search/exact-clauses.ts";
import type { Clause } from "../../fhir/search/query.ts";
import { sharedPlaceOf } from "../../mixins/fhir/rules/common.ts";
import { PHYSICAL_TYPE_SYSTEM, PhysicalType } from "../../fhir/physical-type.ts";
import type { KeyOf } from "../../mixins/fhir/rules/unique-keys.ts";
import { type Bed, BedStatus, OCCUPANCY, type Ward, type WardRoom } from "./wards.contract.ts";
import { BED_NAME_TAKEN, WARD_ALREADY_OPEN } from "./wards.errors.ts";

// The rules of a ward: plain data in, plain data out. No broker, no database, no clock.

/** The physical type of a bed. */
export const BED = { system: PHYSICAL_TYPE_SYSTEM, code: PhysicalType.bed, display: "Bed" } as const;
type NewLocation = Location & { id: string };

const made = (name: string, code: PhysicalType, display: string, partOf?: Location & { id: string }): NewLocation => ({
  resourceType: "Location",
  id: timeOrderedId(),
  status: "active",
  name,
  mode: "instance",
  physicalType: { coding: [{ system: PHYSICAL_TYPE_SYSTEM, code, display }] },
  ...(partOf && { partOf: { reference: `Location/${partOf.id}`, ...(partOf.name !== undefined && { display: partOf.name }) } }),
  ...(code === PhysicalType.bed && { operationalStatus: OCCUPANCY.free }),
});

/** The Locations of a new room, the room first, and the room as callers get it. */
export function newRoom(
  ward: Location & { id: string },
  { name, beds }: { name: string; beds: string[] },
): { room: WardRoom; locations: NewLocation[] } {
  const title = `${ward.name ?? ward.id}, ${name}`;
  const room = made(title, PhysicalType.room, "Room", ward);
  const inside = beds.map((bed) => made(`${title}, ${bed}`, PhysicalType.bed, "Bed", room));
  const named = inside.map(({ id }, index) => ({ location: `Location/${id}`, name: beds[index] ?? "" }));
  return { room: { location: `Location/${room.id}`, name, beds: named }, locations: [room, ...inside] };
}

/** The Locations of a new ward, the ward first, and the ward as callers get it. */
export function newWard(name: string, rooms: { name: string; beds: string[] }[]): { ward: Ward; locations: NewLocation[] } {
  const ward = made(name, PhysicalType.ward, "Ward");
  const inside = rooms.map((room) => newRoom(ward, room));
  return {
    ward: { location: `Location/${ward.id}`, name, rooms: inside.map(({ room }) => room) },
    locations: [ward, ...inside.flatMap(({ locations }) => locations)],
  };
}

/** A Location's code of HL7's location-physical-type; undefined if it has none. */
export const kindOf = ({ physicalType }: Location): string | undefined =>
  physicalType?.coding?.find((coding) => coding.system === PHYSICAL_TYPE_SYSTEM)?.code;

/** Whether a Location is a bed: by its type, or by an operational status, which only beds have. */
export const isBed = (location: Location): boolean =>
  (kindOf(location) ?? (location.operationalStatus && PhysicalType.bed)) === PhysicalType.bed;

/** A bed's name within its room: actions name it "Ward, room, bed", other systems only "bed". */
function nameInRoom({ name = "", partOf: room }: Location): string {
  const prefix = `${room?.display}, `;
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/**
 * Unique keys: names of active wards, and names of beds within a room. The store enforces them, also for concurrent
 * requests.
 */
export function wardKeys(location: Location): KeyOf[] {
  const { name, status, partOf: place } = location;
  if (!name) return [];
  const at = "Location.name";
  if (kindOf(location) === PhysicalType.ward && status === "active") {
    const says = "An open ward has this name already: choose another, or close that one first.";
    return [{ key: `ward:${fold(name)}`, error: WARD_ALREADY_OPEN, says, at }];
  }
  const room = sharedPlaceOf(place);
  if (!isBed(location) || status === "inactive" || room === undefined) return [];
  const says = "A bed of this room has this name already: choose another.";
  return [{ key: `bed:${room}|${fold(nameInRoom(location))}`, error: BED_NAME_TAKEN, says, at }];
}

/** Clause for Locations that are part of one of these. */
export const partOf = (places: string[]): Clause => referenceClause("Location", "partof", places);

/** HL7 v2 table 0116: closed, housekeeping, isolated, contaminated. Occupancy follows from the stays. */
const OUT_OF_USE = ["C", "H", "I", "K"];

/** Whether a bed's operational status says that it cannot be used. */
export const isOutOfUse = ({ operationalStatus }: Location): boolean => OUT_OF_USE.includes(operationalStatus?.code ?? "");

/** Whether a place takes patients, by its status. */
export const isInUse = ({ status }: Location): boolean => status === undefined || status === "active";

/** Whether a place is closed: by its status or, for a bed, by its operational status. A dirty or isolated bed is not. */
export const takesNobody = (location: Location): boolean => !isInUse(location) || location.operationalStatus?.code === "C";

/** R5's Location.characteristic as an extension in R4. */
export const CHARACTERISTIC = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Location.characteristic";
/** URL of an extension of a room or a bed, a code: the sex for which it is reserved. */
export const ROOM_SEX = "urn:openward:room-sex";

/** Attributes of a bed or a room: "isolation", "oxygen", "cot", … */
export const attributesOf = ({ extension = [] }: Location): string[] =>
  extension.flatMap(({ url, valueCodeableConcept }) =>
    url === CHARACTERISTIC ? (valueCodeableConcept?.coding ?? []).flatMap(({ code }) => code ?? []) : [],
  );

/** Sex for which a room or a bed is reserved; undefined: both. */
export function sexOf({ extension = [] }: Location): "male" | "female" | undefined {
  const code = extension.find(({ url }) => url === ROOM_SEX)?.valueCode;
  return code === "male" || code === "female" ? code : undefined;
}

/** Cleanliness of a bed; undefined if it is not recorded (HL7 v2 table 0116: contaminated, housekeeping, unoccupied). */
export function cleaningOf({ operationalStatus }: Location): "dirty" | "cleaning" | "clean" | undefined {
  switch (operationalStatus?.code) {
    case "K":
      return "dirty";
    case "H":
      return "cleaning";
    case "U":
      return "clean";
    default:
      return undefined;
  }
}

/**
 * A bed as callers get it.
 * @param ward "Location/…" of its ward
 * @param isTaken whether a patient is in it
 */
export function bedOf(location: Location & { id: string }, ward: string, isTaken: boolean): Bed {
  const isUsable = isInUse(location) && !isOutOfUse(location);
  return {
    location: `Location/${location.id}`,
    name: location.name ?? location.id,
    room: location.partOf?.reference ?? "",
    ward,
    status: isTaken ? BedStatus.taken : isUsable ? BedStatus.free : BedStatus.closed,
  };
}

/** The bed with the occupancy that follows from the stays; one that cannot be used keeps its status. */
export function withOccupancy<Of extends Location>(location: Of, isTaken: boolean): Of {
  if (!isTaken && isOutOfUse(location)) return location;
  return { ...location, operationalStatus: isTaken ? OCCUPANCY.taken : OCCUPANCY.free };
}
