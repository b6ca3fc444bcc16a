/** Where the patient of an Encounter is, and whether a place may be a bed. Pure functions. */
import type { CodeableConcept, Encounter, Reference } from "../../../fhir/r4.ts";
import { intervalOf } from "../../../fhir/dates.ts";
import { PhysicalType } from "../../../fhir/physical-type.ts";
import { localReference } from "../../../federation/facts.ts";
import { isOpen } from "../../../fhir/open-encounters.ts";
import { isThere } from "./encounter.ts";
import { type Change, type Facts, lookedAt } from "./rule.ts";

/** Where the patient is now, in whichever form: the bed, and the room and ward if they are listed too. */
export const placesOf = ({ location }: Pick<Encounter, "location">): string[] => [
  ...new Set((location ?? []).flatMap((it) => (isThere(it) ? (localReference(it.location.reference) ?? []) : []))),
];

/** Places to which the change brings the patient. */
export function newPlaces(change: Change<Encounter>): string[] {
  const { after } = change;
  const before = lookedAt(change); // an outpatient who visited a bed was not admitted to it
  const known = new Set(before && isOpen(before) ? placesOf(before) : []);
  return after && isOpen(after) ? placesOf(after).filter((place) => !known.has(place)) : [];
}

/** How long an Encounter that is not a stay occupies its bed: a patient who lies there longer is admitted. Milliseconds. */
const VISIT_KEEPS_BED_MS = 24 * 3_600_000;

/** Whether a visit came to a place so long ago that its end may have been forgotten; without a time, the time of writing counts. */
export function isForgotten({ location = [], period, meta }: Encounter, place: string, now: Date): boolean {
  const stop = location.find((it) => isThere(it) && localReference(it.location.reference) === place);
  const since = stop?.period?.start ?? period?.start ?? meta?.lastUpdated;
  const [, latest = Number.POSITIVE_INFINITY] = (since !== undefined && intervalOf(since)) || [];
  return latest < now.getTime() - VISIT_KEEPS_BED_MS;
}

/** The part of a Location that other services know. */
export interface KnownLocation {
  status?: string;
  physicalType?: CodeableConcept;
  operationalStatus?: { code?: string };
  partOf?: Reference;
}

/** What is known of a place; undefined if nothing is. */
export const placeIn = (facts: Pick<Facts, "of">, reference: string | undefined): KnownLocation | undefined =>
  facts.of(reference)?.resource as KnownLocation | undefined;

/** Whether a place is a bed, or does not say what it is. */
export function mayBeBed({ physicalType }: KnownLocation): boolean {
  const kinds = physicalType?.coding?.map(({ code }) => code);
  return !kinds || kinds.includes(PhysicalType.bed);
}

/** Whether a place says that it is a bed. */
export const isBed = ({ physicalType }: KnownLocation): boolean =>
  physicalType?.coding?.some(({ code }) => code === PhysicalType.bed) ?? false;
