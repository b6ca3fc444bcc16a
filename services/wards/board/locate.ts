/** Finds the wards and beds that a change concerns, so that only boards that show them are read again. */
import type { Encounter, FhirResource, Reference, ResourceType } from "../../../fhir/r4.ts";
import { parseJson } from "../../../fhir/json.ts";
import { idClause } from "../../../fhir/search/exact-clauses.ts";
import type { Row } from "../../../fhir/search/query.ts";
import { isType } from "../../../federation/errors.ts";
import type { QueryContext } from "../../../federation/query-context.ts";
import { readVersion } from "../../../federation/read.ts";
import { placeOf } from "../../../mixins/fhir/rules/common.ts";
import { BoardPart } from "../board.contract.ts";
import type { BoardChanges, Touched } from "../board-events.contract.ts";
import { isStay } from "../occupancy.ts";
import type { WardPlace } from "./ward-tree.ts";
import { ask, openStaysOf } from "./board-sources.ts";
import type { Versions } from "./versions.ts";

/** Types whose versions change what a board shows. */
export const ON_BOARD = [
  "Encounter",
  "Location",
  "AllergyIntolerance",
  "Flag",
  "ServiceRequest",
  "Observation",
  "MedicationRequest",
  "MedicationAdministration",
] as const satisfies ResourceType[];

const EVERYWHERE: BoardChanges = { isAll: true, wards: [] };

/** @param mesh asks as the service itself: the answer has no patient data */
export async function locate(
  mesh: QueryContext,
  { tree, versions }: { tree: WardPlace[]; versions: Versions },
  touched: Touched[],
): Promise<BoardChanges> {
  const places = new Set<string>();
  const ids = new Map<string, string[]>();
  for (const { type, resource } of touched) {
    if (type === "Location") places.add(`Location/${resource}`);
    else ids.set(type, [...new Set([...(ids.get(type) ?? []), resource])]);
  }
  const asked = [...ids].map(([type, any]) => ({
    part: BoardPart.stays,
    query: { type, clauses: [idClause(any)], sort: [], limit: any.length, want: "ids" as const },
  }));
  const now = await ask(mesh, asked, versions);
  if (now.unknown.size > 0) return EVERYWHERE;
  const [patients, visited] = [new Set<string>(), new Set<string>()];
  for (const [type, wanted] of ids) {
    const found = now.of(type as ResourceType);
    if (found.length < wanted.length) return EVERYWHERE; // a deleted resource no longer tells its patient
    for (const { resource, version } of found) {
      if (resource.resourceType === "Encounter") {
        const stay = await asStay(mesh, resource, version);
        const there = stay?.location?.flatMap(({ location }) => placeOf(location) ?? []) ?? [];
        if (!stay) for (const place of await placesOfVisit(mesh, resource, version)) visited.add(place);
        // A request without a ward is on each board.
        if (stay?.status === "planned" && there.length === 0) return EVERYWHERE;
        for (const place of [...there, ...plannedBefore(versions, resource.id, version)]) places.add(place);
      } else patients.add(subjectOf(resource) ?? "");
    }
  }
  if (patients.size > 0) {
    const stays = await ask(mesh, openStaysOf([...patients]), versions);
    if (stays.unknown.size > 0) return EVERYWHERE;
    for (const { resource } of stays.of("Encounter")) for (const it of resource.location ?? []) places.add(placeOf(it.location) ?? "");
  }
  return changesAt(places, visited, tree);
}

/** Places of a requested transfer in the previous version, if some board has shown it: they have to remove the patient. */
function plannedBefore(versions: Versions, id: string, version: number): string[] {
  const before = versions.of({ type: "Encounter", id, version: version - 1 } as Row)?.resource as Encounter | undefined;
  return (before?.location ?? []).flatMap(({ status, location }) =>
    status === "planned" || status === "reserved" ? (placeOf(location) ?? []) : [],
  );
}

/** The Encounter as a stay, in the previous version if it has become a visit again; undefined if it is none. */
async function asStay(mesh: QueryContext, encounter: Encounter & { id: string }, version: number): Promise<Encounter | undefined> {
  if (isStay(encounter)) return encounter;
  const was = await versionBefore(mesh, encounter, version);
  return was && isStay(was) ? was : undefined;
}

/** The current and previous places of a visit. */
async function placesOfVisit(mesh: QueryContext, visit: Encounter & { id: string }, version: number): Promise<string[]> {
  const was = await versionBefore(mesh, visit, version);
  return [visit, was].flatMap((it) => it?.location?.flatMap(({ location }) => placeOf(location) ?? []) ?? []);
}

async function versionBefore(mesh: QueryContext, { id }: Encounter & { id: string }, version: number): Promise<Encounter | undefined> {
  if (version === 1) return undefined;
  const before = await readVersion(mesh, "Encounter", id, version - 1).catch((error: unknown) => {
    if (isType(error, "NOT_FOUND")) return undefined;
    throw error;
  });
  return before?.json === undefined ? undefined : (parseJson(before.json) as Encounter);
}

function subjectOf(resource: FhirResource): string | undefined {
  const { subject, patient } = resource as { subject?: Reference; patient?: Reference };
  return placeOf(subject ?? patient);
}

/**
 * The changed wards and beds. For Locations that are in no known ward, since they are new or were removed, all boards change; not for places of
 * visits, which are mostly outside of wards, e.g. a consulting room.
 */
function changesAt(places: ReadonlySet<string>, visited: ReadonlySet<string>, tree: WardPlace[]): BoardChanges {
  const wards = new Map<string, Set<string>>();
  const left = new Set([...places, ...visited].filter(Boolean));
  for (const { location: ward, rooms } of tree) {
    const beds = rooms.flatMap((room) => room.beds.map(({ location }) => location)).filter((bed) => left.has(bed));
    const others = [ward, ...rooms.map(({ location }) => location)].filter((place) => left.has(place));
    if (beds.length + others.length === 0) continue;
    wards.set(ward, new Set(beds));
    for (const place of [...beds, ...others]) left.delete(place);
  }
  const isElsewhere = [...left].some((place) => places.has(place));
  return { isAll: isElsewhere, wards: [...wards].map(([ward, beds]) => ({ ward, beds: [...beds] })) };
}
