/** `_include` and `_revinclude` over all owners (FHIR R4, search.html#revinclude): per step one call per owner. */
import { fhirError } from "../fhir/outcome.ts";
import type { Include } from "../fhir/search/criteria.ts";
import { addressedTypes } from "../fhir/search/parameters.ts";
import type { Clause, Row, StoreQuery } from "../fhir/search/query.ts";
import { canonicalUrlSlots, addForEachOwner, askTogether } from "./scatter-gather.ts";
import { exactly } from "../fhir/search/exact-clauses.ts";
import type { Availability, QueryContext } from "./query-context.ts";
import { relativeReference } from "../fhir/ids.ts";

/** How far `:iterate` follows; deeper is a loop or a mistake. */
const MAX_STEPS = 10;

/** What shall come along with the matches of a search. */
export interface Includes {
  include: Include[];
  revinclude: Include[];
}

/** Slots whose references a row of this type must bring along, so that its includes can be followed. */
export const slotsToFollow = ({ include }: Includes, type: string): number[] => [
  ...new Set(include.filter((it) => it.source === type).flatMap((it) => it.slots)),
];

/**
 * What comes along with the matches, each resource once, none that is a match itself.
 * @param most a search that would bring along more is refused
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
  const seen = new Set(matches.map(keyOf));
  const found: Row[] = [];
  let frontier = matches;
  for (let step = 0; step < MAX_STEPS && frontier.length > 0; step += 1) {
    const isFollowed = ({ iterate }: Include) => step === 0 || iterate;
    const perOwner = new Map<string, StoreQuery[]>();
    const kept = new Map<StoreQuery, Question["isMeant"]>();
    const limit = most + 1 - found.length;
    const questions = [
      ...forward(frontier, includes.include.filter(isFollowed), seen),
      ...backward(frontier, includes.revinclude.filter(isFollowed)),
    ];
    for (const { type, clause, isMeant, refs: own = [] } of questions) {
      const refs = [...new Set([...slotsToFollow(includes, type), ...own])];
      const atMost = clause.kind === "id" ? Math.min(clause.any.length, limit) : limit;
      const page = { sort: [], limit: atMost, maxBytes: MAX_BYTES, want: "rows" as const, ...(refs.length > 0 && { refs }) };
      const query: StoreQuery = { type, clauses: [clause], ...page };
      kept.set(query, isMeant);
      addForEachOwner(mesh, perOwner, query, availability);
    }
    const pages = await askTogether(mesh, perOwner);
    const asked = [...perOwner.values()].flat();
    frontier = pages
      .flatMap(({ rows }, index) => rows.filter(kept.get(asked[index] as StoreQuery) ?? (() => true)))
      .filter((row) => !seen.has(keyOf(row)) && seen.add(keyOf(row)));
    found.push(...frontier);
    if (found.length > most || pages.some((page) => page.more)) {
      throw fhirError(
        400,
        "too-costly",
        `This page would bring along more than ${most} resources, or too many bytes: ask for a smaller _count, or fewer _include and _revinclude.`,
      );
    }
  }
  return found;
}

/** Bytes that one question of an include may bring. */
const MAX_BYTES = 16_000_000;

/** What is asked of the owners of one type. */
interface Question {
  type: string;
  clause: Extract<Clause, { kind: "key" | "id" }>;
  /** Of what is found, what was meant; absent: all of it. A canonical reference may name one version of what has the address. */
  isMeant?: (row: Row) => boolean;
  /** Slots that `isMeant` looks at. */
  refs?: number[];
}

const keyOf = ({ type, id }: Row): string => `${type}/${id}`;

const keys = (slots: number[], values: Iterable<string>): Question["clause"] => ({
  kind: "key",
  slots,
  any: [...new Set(values)].map(exactly),
});

/** What the rows refer to and what is not there yet, by id and (canonical references) by address. */
function forward(rows: Row[], includes: Include[], seen: ReadonlySet<string>): Question[] {
  const ids = new Map<string, Set<string>>();
  const canonicals = new Map<string, Set<string>>();
  for (const row of rows) {
    for (const { source, slots, targets, canonicalSlots } of includes) {
      if (source !== row.type) continue;
      for (const canonical of canonicalsIn(row, canonicalSlots))
        for (const type of targets ?? addressedTypes) note(canonicals, type, canonical);
      for (const [slot, reference] of row.refs ?? []) {
        if (!slots.includes(slot) || canonicalSlots.includes(slot) || seen.has(reference)) continue;
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

/** What refers to the rows, to their ids or (canonical references) to their addresses. */
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

/** Canonical references as they were written; one with a version has a row without it besides (fhir/search/rows.ts). */
function canonicalsIn({ refs = [] }: Row, slots: number[]): string[] {
  const values = refs.filter(([slot]) => slots.includes(slot)).map(([, value]) => value);
  const versioned = new Set(values.filter((value) => value.includes("|")).map((value) => value.split("|", 1)[0]));
  return values.filter((value) => !versioned.has(value));
}

function note(into: Map<string, Set<string>>, type: string, value: string): void {
  into.set(type, (into.get(type) ?? new Set()).add(value));
}
