/**
 * The authors of versions, queried from their owners: as pages of Provenances besides those that clients have stored, for searches that name
 * targets. Callers who may read a target may know its author.
 */
import { fhirError } from "../fhir/outcome.ts";
import { relativeReference } from "../fhir/ids.ts";
import { slotsOfParameters } from "../fhir/search/exact-clauses.ts";
import { indexOf } from "../fhir/search/extract.ts";
import { matchesClauses } from "../fhir/search/matches-clauses.ts";
import type { Clause, Cursor, IndexRows, Page, Row, SortKey, StoreQuery } from "../fhir/search/query.ts";
import { accessOf } from "../mesh/access/access.ts";
import { brokerOf } from "../mesh/caller.ts";
import { ownerOf } from "./owner-contract.ts";
import type { QueryContext } from "./query-context.ts";
import { type AuthoredVersion, provenanceOf, versionOfProvenance } from "./version-provenance.ts";

/** Targets in one query; a page of a search has fewer. */
const MAX_TARGETS = 1_000;
/** Versions examined in one query. */
export const MAX_VERSIONS = 5_000;

/** The type as which authors are shown. */
export const PROVENANCE = "Provenance";

/** Whether a query of this type includes authors. With open access there are none. */
export const asksForAuthors = ({ caller, showsAuthors }: QueryContext, type: string): boolean =>
  type === PROVENANCE && showsAuthors === true && !accessOf(brokerOf(caller)).isOpen;

/** All that match the clauses, as rows in no order. @throws 400 too-costly */
export async function authorRows(mesh: QueryContext, { clauses, sort, want, refs }: Omit<StoreQuery, "limit" | "type">): Promise<Row[]> {
  const targets = targetsIn(clauses);
  if (targets.size > MAX_TARGETS) throw tooMany();
  const versions = await versionsOfAll(mesh, targets);
  return versions.flatMap((version): Row[] => {
    const provenance = provenanceOf(version);
    const index = indexOf(provenance);
    if (!matchesClauses(clauses, { id: provenance.id, updated: version.updated, index })) return [];
    const row: Row = {
      type: PROVENANCE,
      id: provenance.id,
      version: 1,
      updated: version.updated,
      // After all stored ones, oldest first.
      seq: Number.MAX_SAFE_INTEGER - 1e14 + version.updated,
      values: sort.map((key) => sortValueOf(key, provenance.id, version.updated, index)),
      ...(want === "rows" && { json: JSON.stringify(provenance) }),
      ...(refs && {
        refs: index.keys.flatMap(([slot, value]) =>
          refs.includes(slot) && value[0] === "=" ? [[slot, value.slice(1)] as [number, string]] : [],
        ),
      }),
    };
    return [row];
  });
}

/** One page of them, in the common order. @param inOrder compares two rows by that order */
export async function authorPage(mesh: QueryContext, query: StoreQuery, inOrder: (a: Row, b: Row) => number): Promise<Page> {
  const { after, limit } = query;
  const all = (await authorRows(mesh, query)).sort(inOrder);
  const rows = after ? all.filter((row) => inOrder(row, rowAt(after)) > 0) : all;
  return { rows: rows.slice(0, limit), more: rows.length > limit };
}

const rowAt = ({ values, seq, id }: Cursor): Row => ({ type: PROVENANCE, id, version: 1, updated: 0, seq, values });

function sortValueOf(key: SortKey, id: string, updated: number, { keys, ranges }: IndexRows): string | number | null {
  if (key.by !== "key" && key.by !== "range") return key.by === "id" ? id : updated;
  const { slots } = key;
  const found: (string | number)[] =
    key.by === "key"
      ? keys.filter(([slot, value]) => slots.includes(slot) && value.startsWith(key.facet)).map(([, value]) => value.slice(1))
      : ranges.filter(([slot]) => slots.includes(slot)).map(([, low, high]) => (key.edge === "low" ? low : high));
  found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return (key.desc ? found.at(-1) : found[0]) ?? null;
}

/** References that the clauses name as targets, `Type/id`. */
function targetsIn(clauses: Clause[], found = new Set<string>()): Set<string> {
  const slots = slotsOfParameters(PROVENANCE, ["target", "patient"]);
  for (const clause of clauses) {
    if (clause.kind === "id" && !clause.not) {
      for (const place of clause.any.map(versionOfProvenance)) if (place) found.add(`${place.type}/${place.id}`);
    }
    if (clause.kind === "any") for (const group of clause.of) targetsIn(group, found);
    if (clause.kind !== "key" || clause.not || !clause.slots.some((slot) => slots.includes(slot))) continue;
    for (const match of clause.any) {
      if (!("eq" in match) || match.eq[0] !== "=") continue;
      const { type, id } = relativeReference(match.eq.slice(1)) ?? {};
      if (type !== undefined && id !== undefined) found.add(`${type}/${id}`);
    }
  }
  return found;
}

async function versionsOfAll({ caller, directory }: QueryContext, targets: Set<string>): Promise<AuthoredVersion[]> {
  const byType = Map.groupBy([...targets], (target) => target.split("/", 1)[0] as string);
  const asked = [...byType].flatMap(([type, references]) => {
    const ids = references.map((reference) => reference.slice(type.length + 1));
    return directory
      .known(type)
      .filter(({ alive }) => alive)
      .map(({ service }) => ownerOf(service).authors(caller, { type, ids }));
  });
  const answers = await Promise.all(asked);
  if (answers.some(({ more }) => more)) throw tooMany();
  return answers.flatMap(({ versions }) => versions);
}

const tooMany = () =>
  fhirError(
    400,
    "too-costly",
    `These targets have more than ${MAX_VERSIONS} versions, or are more than ${MAX_TARGETS}: name fewer.`,
    "target",
  );
