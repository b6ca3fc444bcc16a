import { v7 as timeOrderedId } from "uuid";
import { fold } from "../../fhir/search/fold.ts";
import type { Location, Stored } from "../../fhir/r4.ts";
import { NONE_LIVING } from "../../fhir/preconditions.ts";
import { referenceClause, tokenClause } from "../../fhir/search/exact-clauses.ts";
import type { Clause } from "../../fhir/search/query.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import type { UniqueKey } from "../../store/store.ts";
import { type Bed, BedStatus, OCCUPANCY, type Ward } from "./wards.contract.ts";
import { bedOccupied, WARD_ALREADY_OPEN } from "./wards.errors.ts";

// The rules of a ward: plain data in, plain data out. No broker, no database, no clock.

const PHYSICAL = "http://terminology.hl7.org/CodeSystem/location-physical-type";
type NewLocation = Location & { id: string };

/** The Locations of a new ward, the ward first, and the ward as its caller sees it. */
export function newWard(name: string, rooms: { name: string; beds: string[] }[]): { ward: Ward; locations: NewLocation[] } {
  const locations: NewLocation[] = [];
  const make = (title: string, code: string, display: string, partOf?: NewLocation): NewLocation => {
    const location: NewLocation = {
      resourceType: "Location",
      id: timeOrderedId(),
      status: "active",
      name: title,
      mode: "instance",
      physicalType: { coding: [{ system: PHYSICAL, code, display }] },
      ...(partOf && { partOf: { reference: `Location/${partOf.id}`, display: partOf.name } }),
      ...(code === "bd" && { operationalStatus: OCCUPANCY.free }),
    };
    locations.push(location);
    return location;
  };
  const top = make(name, "wa", "Ward");
  const ward: Ward = { location: `Location/${top.id}`, name, rooms: [] };
  for (const room of rooms) {
    const at = make(`${name}, ${room.name}`, "ro", "Room", top);
    const beds = room.beds.map((bed) => {
      const it = make(`${name}, ${room.name}, ${bed}`, "bd", "Bed", at);
      return { location: `Location/${it.id}`, name: bed };
    });
    ward.rooms.push({ location: `Location/${at.id}`, name: room.name, beds });
  }
  return { ward, locations };
}

const kindOf = ({ physicalType }: Location): string | undefined => physicalType?.coding?.find((coding) => coding.system === PHYSICAL)?.code;

/** One active ward per name. The store keeps this rule, so that two clerks cannot break it at the same moment. */
export function wardKeys(location: Location): UniqueKey[] {
  if (kindOf(location) !== "wa" || location.status !== "active" || !location.name) return [];
  return [{ key: `ward:${fold(location.name)}`, error: WARD_ALREADY_OPEN }];
}

type Deletion = Extract<OwnerStep, { op: "delete" }>;

/**
 * The deletion of a Location in which nobody lies. That of a bed holds for what was looked at, so that nobody is admitted to
 * it in between.
 * @param place of the step in its write
 * @throws 409 BED_OCCUPIED
 */
export function deletionOf({ id, meta, operationalStatus }: Stored<Location>, step: Deletion, place: number): Deletion {
  if (!operationalStatus) return step;
  if (operationalStatus.code === OCCUPANCY.taken.code) throw bedOccupied(`Location/${id}`, place);
  // Or none: it may have been deleted meanwhile.
  const seen = [Number(meta.versionId), NONE_LIVING];
  return { ...step, ifVersion: (step.ifVersion ?? seen).filter((version) => seen.includes(version)) };
}

/** "Beds in one of these places, or anywhere, that may be in this state." Only beds have an operational status. */
export function bedsIn(places: string[] | undefined, status: BedStatus | undefined): Clause[] {
  const code = status === BedStatus.free ? OCCUPANCY.free : status === BedStatus.taken ? OCCUPANCY.taken : undefined;
  const token = code && { system: code.system, value: code.code };
  return [tokenClause("Location", "operational-status", token), ...(places ? [partOf(places)] : [])];
}

/** "Locations that are part of one of these." */
export const partOf = (places: string[]): Clause => referenceClause("Location", "partof", places);

/** What a bed's Location says; `room` is the Location it is part of. */
export function bedOf(location: Location & { id: string }, room: Location | undefined): Bed {
  const isOpen = location.status === undefined || location.status === "active";
  const code = location.operationalStatus?.code;
  const status = !isOpen
    ? BedStatus.closed
    : code === OCCUPANCY.taken.code
      ? BedStatus.taken
      : code === OCCUPANCY.free.code
        ? BedStatus.free
        : BedStatus.closed;
  return {
    location: `Location/${location.id}`,
    name: location.name ?? location.id,
    room: location.partOf?.reference ?? "",
    ward: room?.partOf?.reference ?? "",
    status,
  };
}
