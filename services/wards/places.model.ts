import { v7 as timeOrderedId } from "uuid";
import type { Extension, Location, Stored } from "../../fhir/r4.ts";
import { REASON } from "../../mixins/fhir/rules/reasons.ts";
import type { WardPlace } from "./board/ward-tree.ts";
import { BedStatus, Cleaning, type FoundBed, type Place } from "./wards.contract.ts";
import { cleaningStep, notAWardBed } from "./wards.errors.ts";
import { attributesOf, BED, CHARACTERISTIC, cleaningOf, isBed, isInUse, isOutOfUse, kindOf, ROOM_SEX, sexOf } from "./wards.model.ts";
import { OCCUPANCY } from "./wards.contract.ts";
import { without } from "../../fhir/typed.ts";
import { PhysicalType } from "../../fhir/physical-type.ts";

// Attributes and use of wards, rooms and beds: plain data in, plain data out. No broker, no database, no clock.

/** Code system of a bed's attributes. */
const ATTRIBUTE = "urn:openward:bed-attribute";
const V2_0116 = "http://terminology.hl7.org/CodeSystem/v2-0116";

const STATUS = {
  dirty: { system: V2_0116, code: "K", display: "Contaminated" },
  cleaning: { system: V2_0116, code: "H", display: "Housekeeping" },
  clean: OCCUPANCY.free,
} as const;
const CLOSED = { system: V2_0116, code: "C", display: "Closed" } as const;

/** A new bed of a room. */
export function newBed(room: Stored<Location>, name: string, attributes: string[]): Location & { id: string } {
  const bed: Location & { id: string } = {
    resourceType: "Location",
    id: timeOrderedId(),
    status: "active",
    name: `${room.name ?? room.id}, ${name}`,
    mode: "instance",
    physicalType: { coding: [BED] },
    partOf: { reference: `Location/${room.id}`, ...(room.name !== undefined && { display: room.name }) },
    operationalStatus: OCCUPANCY.free,
  };
  return attributes.length === 0 ? bed : described(bed, { attributes });
}

/** The place with the given attributes; others stay. */
export function described<Of extends Location>(
  place: Of,
  { attributes, sex }: { attributes?: string[]; sex?: "male" | "female" | "any" },
): Of {
  const has =
    attributes &&
    [...new Set(attributes)].map(
      (code): Extension => ({ url: CHARACTERISTIC, valueCodeableConcept: { coding: [{ system: ATTRIBUTE, code }] } }),
    );
  const kept = (place.extension ?? []).filter(({ url }) => (url !== CHARACTERISTIC || !has) && (url !== ROOM_SEX || sex === undefined));
  const extension = [...kept, ...(has ?? []), ...(sex === "male" || sex === "female" ? [{ url: ROOM_SEX, valueCode: sex }] : [])];
  return withExtensions(place, extension);
}

function withExtensions<Of extends Location>(place: Of, extension: Extension[]): Of {
  return { ...without(place, "extension"), ...(extension.length > 0 && { extension }) };
}

/** @throws 409 NOT_A_WARD_BED, CLEANING_STEP */
export function withCleaning<Of extends Location & { id: string }>(bed: Of, cleaning: Cleaning): Of {
  const place = `Location/${bed.id}`;
  if (!isBed(bed)) throw notAWardBed(place);
  const before = cleaningOf(bed);
  // A closed bed stays closed until it is reopened.
  if ((before === undefined && isOutOfUse(bed)) || (cleaning === Cleaning.clean && before === Cleaning.dirty)) throw cleaningStep(place);
  return { ...bed, operationalStatus: STATUS[cleaning] };
}

/** The place as closed: a bed by its operational status, a room or a ward by its status. */
export function closed<Of extends Location>(place: Of, reason: string): Of {
  const because = [...(place.extension ?? []).filter(({ url }) => url !== REASON), { url: REASON, valueString: reason }];
  if (isBed(place)) return withExtensions({ ...place, operationalStatus: CLOSED }, because);
  return withExtensions({ ...place, status: "inactive" }, because);
}

/** The place in use again; a bed that was dirty must be cleaned first, others are free. */
export function reopened<Of extends Location>(place: Of): Of {
  const left = withExtensions(
    place,
    (place.extension ?? []).filter(({ url }) => url !== REASON),
  );
  const isClosedBed = isBed(place) && cleaningOf(place) === undefined;
  return { ...left, status: "active", ...(isClosedBed && { operationalStatus: OCCUPANCY.free }) };
}

/** A place as callers get it. */
export function placeOf(location: Stored<Location>, version: number): Place {
  const [cleaning, sex] = [isBed(location) ? cleaningOf(location) : undefined, sexOf(location)];
  const isClosed = !isInUse(location) || (isBed(location) && location.operationalStatus?.code === CLOSED.code);
  return {
    location: `Location/${location.id}`,
    version,
    name: location.name ?? location.id,
    status: isClosed ? "closed" : "open",
    ...(cleaning && { cleaning }),
    attributes: attributesOf(location),
    ...(sex && { sex }),
  };
}

/** Whether beds can be added there. */
export const isRoom = (location: Location): boolean => kindOf(location) === PhysicalType.room;

/** A place with all its parts, "Location/…". */
export function placesUnder(tree: WardPlace[], location: string): string[] {
  const under = tree.flatMap((ward) => {
    const rooms = ward.location === location ? ward.rooms : ward.rooms.filter((room) => room.location === location);
    return rooms.flatMap((room) => [room.location, ...room.beds.map((bed) => bed.location)]);
  });
  return [...new Set([location, ...under])];
}

/** Free beds with the needed attributes, those with the fewest others first. */
export function suitableBeds(
  tree: WardPlace[],
  { ward, needs, sex, taken }: { ward?: string; needs: string[]; sex?: string; taken: ReadonlySet<string> },
): FoundBed[] {
  const found = tree.flatMap((it) => {
    if (it.status !== "open" || (ward !== undefined && it.location !== ward)) return [];
    return it.rooms.flatMap((room) =>
      room.beds.flatMap((bed): FoundBed[] => {
        const isFor = bed.sex === undefined || sex === undefined || bed.sex === sex;
        const hasAll = needs.every((need) => bed.attributes.includes(need));
        if (!bed.isUsable || taken.has(bed.location) || !isFor || !hasAll) return [];
        const { location, name, attributes } = bed;
        const place = { location, name, room: room.location, ward: it.location, status: BedStatus.free };
        return [{ ...place, attributes, ...(bed.sex && { sex: bed.sex }), unneeded: attributes.length - needs.length }];
      }),
    );
  });
  return found.sort((a, b) => a.unneeded - b.unneeded);
}
