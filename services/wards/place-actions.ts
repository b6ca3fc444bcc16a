/** Actions on wards, rooms and beds; `wards.contract.ts` names the errors. */
import { randomUUID } from "node:crypto";
import type { Context } from "moleculer";
import type { Location, Stored } from "../../fhir/r4.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { asSystem } from "../../mesh/access/access.ts";
import type { SeenVersion } from "../../mesh/seen-version-contract.ts";
import type { WithFhir } from "../../mixins/fhir/fhir.ts";
import { fenceAndAsk, unfence } from "../../mixins/fhir/rules/resting.ts";
import { asSeen } from "../../mixins/fhir/seen-version.ts";
import { creation, versionOf } from "../../mixins/fhir/write-steps.ts";
import { PhysicalType } from "../../fhir/physical-type.ts";
import type { WardPlace } from "./board/ward-tree.ts";
import { placesOfStay, takenBeds } from "./occupancy.ts";
import { closed, isRoom, newBed, placeOf, placesUnder } from "./places.model.ts";
import type { Bed, Place, WardRoom } from "./wards.contract.ts";
import {
  BED_NAME_TAKEN,
  bedNameTaken,
  notARoom,
  notAWard,
  placeChanged,
  placeNotFound,
  stillOccupied,
  WARD_ALREADY_OPEN,
  wardAlreadyOpen,
  wardIsClosed,
} from "./wards.errors.ts";
import { withWards } from "./placed-beds.ts";
import { bedOf, isInUse, kindOf, newRoom } from "./wards.model.ts";

type Wards = WithFhir & WithDirectory;

/** @throws 404 PLACE_NOT_FOUND */
async function placeAt({ fhir }: WithFhir, reference: string): Promise<Stored<Location>> {
  return fhir.require("Location", reference, placeNotFound);
}

/** @throws 404 PLACE_NOT_FOUND, 409 PLACE_CHANGED */
async function placeAsSeen(wards: WithFhir, { location, ...seen }: { location: string } & SeenVersion): Promise<Stored<Location>> {
  const place = await placeAt(wards, location);
  return asSeen(place, seen, () => placeChanged(location, versionOf(place)));
}

/** Writes the changed place. @throws 409 PLACE_CHANGED, BED_NAME_TAKEN, WARD_ALREADY_OPEN */
async function written({ fhir }: WithFhir, place: Stored<Location>): Promise<Place> {
  const { version } = await fhir.update(place).catch((error: unknown) => {
    if (isType(error, "STALE_VERSION")) throw placeChanged(`Location/${place.id}`);
    if (isType(error, BED_NAME_TAKEN)) throw bedNameTaken();
    if (isType(error, "RULE_LOCATION_OCCUPIED")) throw stillOccupied(`Location/${place.id}`, [`Location/${place.id}`]);
    throw isType(error, WARD_ALREADY_OPEN) ? wardAlreadyOpen() : error;
  });
  return placeOf(place, version);
}

/** Writes the next version of a place. @param become makes the next version */
export async function changePlace(
  wards: WithFhir,
  asked: { location: string } & SeenVersion,
  become: (place: Stored<Location>) => Stored<Location>,
): Promise<Place> {
  return written(wards, become(await placeAsSeen(wards, asked)));
}

/** `wards.addRoom` */
export async function addRoom(
  wards: WithFhir,
  { ward: reference, ...asked }: { ward: string; name: string; beds: string[] },
): Promise<WardRoom> {
  const ward = await placeAt(wards, reference);
  if (kindOf(ward) !== PhysicalType.ward) throw notAWard(reference);
  if (!isInUse(ward)) throw wardIsClosed(reference);
  const { room, locations } = newRoom(ward, asked);
  await wards.fhir.write(locations.map((it) => creation(it))).catch((error: unknown) => {
    throw isType(error, BED_NAME_TAKEN) ? bedNameTaken() : error;
  });
  return room;
}

/** `wards.addBeds` */
export async function addBeds(
  wards: WithFhir,
  { room: reference, beds, attributes = [] }: { room: string; beds: string[]; attributes?: string[] },
): Promise<Bed[]> {
  const room = await placeAt(wards, reference);
  if (!isRoom(room)) throw notARoom(reference);
  if (!isInUse(room)) throw wardIsClosed(reference);
  const made = beds.map((name) => newBed(room, name, attributes));
  await wards.fhir.write(made.map((it) => creation(it))).catch((error: unknown) => {
    throw isType(error, BED_NAME_TAKEN) ? bedNameTaken() : error;
  });
  return (await withWards(wards, made)).map(({ bed, ward }) => bedOf(bed, ward, false));
}

/**
 * `wards.close`. An admission relies on the versions of its bed, room and ward that it has read: once the fence is set, no write that relies on
 * the present version is stored, so that no patient can arrive after this check.
 */
export async function closePlace(
  wards: Wards,
  ctx: Context<{ location: string; reason: string } & SeenVersion>,
  tree: WardPlace[],
): Promise<Place> {
  const { location, reason } = ctx.params;
  const { directory } = wards;
  const place = await placeAsSeen(wards, ctx.params);
  const mesh = { caller: asSystem(ctx, "rules"), directory };
  const fenced = { places: [{ type: "Location", id: place.id, version: versionOf(place) }], token: randomUUID() };
  await fenceAndAsk(mesh, fenced);
  try {
    const under = placesUnder(tree, location);
    const taken = await takenBeds({ caller: ctx, directory }, under, placesOfStay);
    const there = under.filter((one) => taken.has(one));
    if (there.length > 0) throw stillOccupied(location, there);
    return await written(wards, closed(place, reason));
  } catch (error) {
    await unfence(mesh, fenced);
    throw error;
  }
}
