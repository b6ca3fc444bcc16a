/** `_include` and `_revinclude` over all owners (FHIR R4, search.html#revinclude): per step one call per owner. */
import { parseJson } from "../fhir/json.ts";
import { fhirError } from "../fhir/outcome.ts";
import { mapConcurrent } from "../mesh/map-concurrent.ts";
import { isType } from "./errors.ts";
import { readVersion } from "./read.ts";
import type { Include } from "../fhir/search/criteria.ts";
import { indexOf, referencesAt } from "../fhir/search/extract.ts";
import { addressedTypes, isResourceType } from "../fhir/search/parameters.ts";
import { referenceOf } from "../fhir/search/types/reference.ts";
import type { Clause, Row, StoreQuery } from "../fhir/search/query.ts";
import { asksForAuthors, authorRows } from "./version-authors.ts";
import { canonicalUrlSlots, addForEachOwner, askTogether } from "./scatter-gather.ts";
import { exactly } from "../fhir/search/exact-clauses.ts";
import type { Availability, QueryContext } from "./query-context.ts";
import { PIECE_BYTES, withContents } from "./row-contents.ts";
import { relativeReference } from "../fhir/ids.ts";

/** Limit of `:iterate` steps: each is a query to all owners. A search that goes further is refused. */
const MAX_STEPS = 100;
/** Versions that are read concurrently. */
const VERSIONS_AT_ONCE = 16;

/** Which resources to include with the matches of a search. */
export interface Includes {
  include: Include[];
  revinclude: Include[];
}

/** Slots whose references a row of this type must bring along, so that its includes can be followed. */
export const slotsToFollow = ({ include }: Includes, type: string): number[] => [
  ...new Set(include.filter((it) => it.source === type).flatMap((it) => it.slots)),
];

/**
 * The included resources, each once, without those that are matches themselves.
 * @param most a search that would include more is refused
 * @throws FhirError 400 too-costly; 503 OWNER_DOWN unless `availability.partial`
 */
export async function included(
  mesh: QueryContext,
  matches: Row[],
  includes: Includes,
  availability: Availability,
  most: number,
): Promise<Row[]> {
  if (includes.include.length === 0 && includes.revinclude.length === 0) return [];
  const seen = new Set(matches.flatMap((row) => [keyOf(row), versionKeyOf(row)]));
  const found: Row[] = [];
  let frontier = matches;
  for (let step = 0; frontier.length > 0; step += 1) {
    const isFollowed = ({ iterate }: Include) => step === 0 || iterate;
    const followed = { include: includes.include.filter(isFollowed), revinclude: includes.revinclude.filter(isFollowed) };
    if (followed.include.length === 0 && followed.revinclude.length === 0) break;
    const perOwner = new Map<string, StoreQuery[]>();
    const kept = new Map<StoreQuery, Question["isMeant"]>();
    const limit = most + 1 - found.length;
    const versions = versionsAsked(frontier, followed.include, seen);
    const questions = [...forward(frontier, followed.include, seen), ...backward(frontier, followed.revinclude)];
    if (step === MAX_STEPS && (questions.length > 0 || versions.length > 0)) throw endless(followed);
    for (const { type, clause, isMeant, refs: own = [] } of questions) {
      const refs = [...new Set([...slotsToFollow(includes, type), ...own])];
      const atMost = clause.kind === "id" ? Math.min(clause.any.length, limit) : limit;
      const jsonBytes = Math.ceil(PIECE_BYTES / questions.length);
      const page = { sort: [], limit: atMost, maxBytes: MAX_BYTES, jsonBytes, want: "rows" as const, ...(refs.length > 0 && { refs }) };
      const query: StoreQuery = { type, clauses: [clause], ...page };
      kept.set(query, isMeant);
      addForEachOwner(mesh, perOwner, query, availability);
    }
    if (found.length + versions.length > most) throw tooMuch(most);
    const made = [...kept.keys()].filter(({ type }) => asksForAuthors(mesh, type));
    const [told, old, authors] = await Promise.all([
      askTogether(mesh, perOwner),
      readVersions(mesh, versions, includes, availability),
      Promise.all(made.map(async (query) => ({ rows: await authorRows(mesh, query), more: false }))),
    ]);
    const pages = [...told, ...authors];
    const asked = [...[...perOwner.values()].flat(), ...made];
    const come = pages
      .flatMap(({ rows }, index) => rows.filter(kept.get(asked[index] as StoreQuery) ?? (() => true)))
      .filter((row) => !seen.has(keyOf(row)) && seen.add(keyOf(row)));
    if (found.length + come.length > most || pages.some((page) => page.more)) throw tooMuch(most);
    const clausesOf = (type: string): Clause[] => [
      { kind: "any", of: questions.filter((it) => it.type === type).map(({ clause }) => [clause]) },
    ];
    const whole = await withContents(mesh, { rows: come, clausesOf, maxBytes: MAX_BYTES }, availability);
    if (whole.isCut) throw tooMuch(most);
    frontier = whole.rows;
    // The current version may also be found by another include; one entry is enough.
    for (const row of frontier) seen.add(versionKeyOf(row));
    frontier.push(...old.filter((row) => !seen.has(versionKeyOf(row)) && seen.add(versionKeyOf(row))));
    found.push(...frontier);
    if (found.length > most) throw tooMuch(most);
  }
  return found;
}

/** Bytes that one step of an include may return. */
const MAX_BYTES = 16_000_000;

/** A query to the owners of one type. */
interface Question {
  type: string;
  clause: Extract<Clause, { kind: "key" | "id" }>;
  /** Which of the results are meant; absent: all. A canonical reference may name one version among those with the same URL. */
  isMeant?: (row: Row) => boolean;
  /** Slots that `isMeant` needs. */
  refs?: number[];
}

const keyOf = ({ type, id }: Row): string => `${type}/${id}`;
const versionKeyOf = ({ type, id, version }: Row): string => `${type}/${id}/_history/${version}`;

const tooMuch = (most: number) =>
  fhirError(
    400,
    "too-costly",
    `This page would bring along more than ${most} resources, or too many bytes: ask for a smaller _count, for fewer _include and _revinclude, or for these resources by a search of their own.`,
  );

const endless = ({ include, revinclude }: Includes) => {
  const named = (all: Include[], name: string) => all.map(({ source, param }) => `${name}:iterate=${source}:${param}`);
  const cut = [...named(include, "_include"), ...named(revinclude, "_revinclude")].slice(0, 10).join(", ");
  return fhirError(400, "too-costly", `After ${MAX_STEPS} steps ${cut} still includes more resources: request fewer.`);
};

/** A version of a resource that a reference names. */
interface VersionAsked {
  type: string;
  id: string;
  version: number;
}

/** The versions that rows refer to by `Type/id/_history/version`, which means exactly that version (R4, references.html#literal). */
function versionsAsked(rows: Row[], includes: Include[], seen: ReadonlySet<string>): VersionAsked[] {
  const asked = new Map<string, VersionAsked>();
  for (const row of rows) {
    if (!row.json?.includes("/_history/")) continue;
    for (const { source, slots, targets, canonicalSlots } of includes) {
      if (source !== row.type) continue;
      const own = slots.filter((slot) => !canonicalSlots.includes(slot));
      for (const reference of referencesAt(parseJson(row.json), own).filter((it) => it.includes("/_history/"))) {
        const { type = "", id = "", version = "" } = relativeReference(reference) ?? {};
        const isMeant = /^[1-9]\d{0,8}$/.test(version) && isResourceType(type) && (targets === undefined || targets.includes(type));
        if (isMeant && !seen.has(reference)) asked.set(reference, { type, id, version: Number(version) });
      }
    }
  }
  return [...asked.values()];
}

/** The existing ones, as rows that can be followed; deletions and unknown versions are left out. */
async function readVersions(mesh: QueryContext, versions: VersionAsked[], includes: Includes, availability: Availability): Promise<Row[]> {
  const rows = await mapConcurrent(
    versions,
    async ({ type, id, version }): Promise<Row | undefined> => {
      const isServed = mesh.directory.known(type).length > 0;
      const stored = isServed
        ? await readVersion(mesh, type, id, version).catch((error: unknown) => unlessAbsent(error, type, availability))
        : undefined;
      if (stored?.json === undefined) return undefined;
      const slots = slotsToFollow(includes, type);
      const refs =
        slots.length === 0 ? [] : indexOf(parseJson(stored.json)).keys.filter(([slot, key]) => slots.includes(slot) && key[0] === "=");
      return {
        type,
        id,
        version,
        updated: stored.updated,
        seq: 0,
        json: stored.json,
        values: [],
        refs: refs.map(([slot, key]) => [slot, key.slice(1)]),
      };
    },
    VERSIONS_AT_ONCE,
  );
  return rows.filter((row) => row !== undefined);
}

function unlessAbsent(error: unknown, type: string, { partial, missing }: Availability): undefined {
  if (partial && isType(error, "OWNER_DOWN")) missing.add(type);
  else if (!isType(error, "NOT_FOUND")) throw error;
}

const keys = (slots: number[], values: Iterable<string>): Question["clause"] => ({
  kind: "key",
  slots,
  any: [...new Set(values)].map(exactly),
});

/** The targets of the rows' references that were not found yet, by id and (canonical references) by URL. */
function forward(rows: Row[], includes: Include[], seen: ReadonlySet<string>): Question[] {
  const ids = new Map<string, Set<string>>();
  const canonicals = new Map<string, Set<string>>();
  for (const row of rows) {
    for (const { source, slots, targets, canonicalSlots } of includes) {
      if (source !== row.type) continue;
      for (const canonical of canonicalsIn(row, canonicalSlots)) {
        for (const type of targets ?? addressedTypes) note(canonicals, type, canonical);
      }
      const isVersionOnly = row.json?.includes("/_history/") ? versionOnly(row, slots) : undefined;
      for (const [slot, reference] of row.refs ?? []) {
        if (!slots.includes(slot) || canonicalSlots.includes(slot) || seen.has(reference) || isVersionOnly?.has(reference)) continue;
        const { type, id } = relativeReference(reference) ?? {};
        if (type !== undefined && id !== undefined && (targets === undefined || targets.includes(type))) note(ids, type, id);
      }
    }
  }
  return [
    ...[...ids].map(([type, wanted]): Question => ({ type, clause: { kind: "id", any: [...wanted] } })),
    ...[...canonicals].map(([type, wanted]): Question => {
      const clause = keys(
        canonicalUrlSlots(type),
        [...wanted].map((canonical) => canonical.split("|", 1)[0] as string),
      );
      return { type, clause, isMeant: (row) => addressesOf(row).some((address) => wanted.has(address)) };
    }),
  ];
}

/** Targets of a row that are referred to by version only: their current version is not meant. */
function versionOnly(row: Row, slots: number[]): ReadonlySet<string> {
  const all = referencesAt(parseJson(row.json ?? "{}"), slots);
  const current = new Set(all.filter((it) => !it.includes("/_history/")));
  return new Set(all.flatMap((it) => (it.includes("/_history/") && !current.has(referenceOf(it) ?? "") ? [referenceOf(it) ?? ""] : [])));
}

/** Resources that refer to the rows, by id or (canonical references) by URL. */
function backward(rows: Row[], includes: Include[]): Question[] {
  return includes.flatMap(({ source, slots, canonicalSlots, targets }): Question[] => {
    const reached = rows.filter(({ type }) => targets === undefined || targets.includes(type));
    if (reached.length === 0) return [];
    const ids = new Set(reached.map(keyOf));
    if (canonicalSlots.length === 0) return [{ type: source, clause: keys(slots, ids) }];
    const addresses = new Set(reached.filter(({ type }) => addressedTypes.includes(type)).flatMap(addressesOf));
    const isMeant = (row: Row) =>
      (row.refs ?? []).some(([slot, value]) => slots.includes(slot) && ids.has(value)) ||
      canonicalsIn(row, canonicalSlots).some((canonical) => addresses.has(canonical));
    return [{ type: source, clause: keys(slots, [...ids, ...addresses]), isMeant, refs: slots }];
  });
}

/** How canonical references name a resource: with its version, and without. */
function addressesOf({ json }: Row): string[] {
  const { url, version } = JSON.parse(json ?? "{}") as { url?: unknown; version?: unknown };
  if (typeof url !== "string") return [];
  return typeof version === "string" ? [url, `${url}|${version}`] : [url];
}

/** Canonical references as they were written; one with a version also has a row without it (fhir/search/types/reference.ts). */
function canonicalsIn({ refs = [] }: Row, slots: number[]): string[] {
  const values = refs.filter(([slot]) => slots.includes(slot)).map(([, value]) => value);
  const versioned = new Set(values.filter((value) => value.includes("|")).map((value) => value.split("|", 1)[0]));
  return values.filter((value) => !versioned.has(value));
}

function note(into: Map<string, Set<string>>, type: string, value: string): void {
  into.set(type, (into.get(type) ?? new Set()).add(value));
}
