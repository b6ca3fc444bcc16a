/** The beds of a ward or room, at any depth: a ward may be divided into bays, and these into rooms. */
import type { Location, Stored } from "../../fhir/r4.ts";
import { PhysicalType } from "../../fhir/physical-type.ts";
import { idClause } from "../../fhir/search/exact-clauses.ts";
import type { Clause } from "../../fhir/search/query.ts";
import { placeOf } from "../../mixins/fhir/rules/common.ts";
import type { WithFhir } from "../../mixins/fhir/fhir.ts";
import { MAX_ABOVE, wardAbove } from "./board/ward-tree.ts";
import { MAX_LOCATIONS } from "./board/ward-tree-cache.ts";
import { isBed, kindOf, partOf } from "./wards.model.ts";

type Place = Location & { id: string };

/** A bed and the ward that it is in. */
export interface PlacedBed<Of extends Place = Stored<Location>> {
  bed: Of;
  /** "Location/…"; "" if it is in none. */
  ward: string;
}

const referenceTo = ({ id }: Place): string => `Location/${id}`;

async function locations({ fhir }: WithFhir, clause: Clause): Promise<Stored<Location>[]> {
  const found: Stored<Location>[] = [];
  for await (const it of fhir.each({ type: "Location", clauses: [clause] })) found.push(it);
  return found;
}

/** @param within a ward or room; undefined: all beds */
export async function findBeds(service: WithFhir, within?: string): Promise<PlacedBed[]> {
  const places = within === undefined ? undefined : await placesIn(service, within);
  const beds: Stored<Location>[] = [];
  let seen = 0;
  for await (const location of service.fhir.each({ type: "Location", clauses: places ? [partOf(places)] : [] })) {
    if (isBed(location)) beds.push(location);
    seen += 1;
    if (seen === MAX_LOCATIONS) break;
  }
  return withWards(service, beds);
}

/** The beds with their wards. */
export async function withWards<Of extends Place>(service: WithFhir, beds: Of[]): Promise<PlacedBed<Of>[]> {
  const known = await placesAbove(service, beds);
  return beds.map((bed) => ({ bed, ward: wardOf(bed, known) }));
}

/** The place itself, and those in it that are no beds. */
async function placesIn(service: WithFhir, place: string): Promise<string[]> {
  const places = new Set([place]);
  let outer = [place];
  for (let level = 0; level < MAX_ABOVE && outer.length > 0; level += 1) {
    const inner = (await locations(service, partOf(outer))).filter((it) => !isBed(it) && !places.has(referenceTo(it)));
    outer = inner.map(referenceTo);
    for (const it of outer) places.add(it);
  }
  return [...places];
}

/** The places of which these are parts, up to their wards. */
async function placesAbove(service: WithFhir, beds: Place[]): Promise<Map<string, Place>> {
  const known = new Map<string, Place>();
  let inner = beds;
  for (let level = 0; level < MAX_ABOVE; level += 1) {
    const places = new Set(inner.flatMap((it) => placeOf(it.partOf) ?? []).filter((it) => !known.has(it)));
    if (places.size === 0) break;
    const outer = await locations(service, idClause([...places].map((it) => it.slice("Location/".length))));
    for (const it of outer) known.set(referenceTo(it), it);
    inner = outer.filter((it) => kindOf(it) !== PhysicalType.ward);
  }
  return known;
}

/** A room that is in no ward is none either. */
function wardOf(bed: Place, known: ReadonlyMap<string, Place>): string {
  const [place, location] = wardAbove(referenceTo(bed), bed, known);
  const isOwnRoom = [referenceTo(bed), placeOf(bed.partOf)].includes(place);
  return isOwnRoom && kindOf(location) !== PhysicalType.ward ? "" : place;
}
