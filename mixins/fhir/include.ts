/** `_include` and `_revinclude` over all owners (FHIR R4, search.html#revinclude): per step one call per owner. */
import { fhirError } from "../../fhir/outcome.ts";
import type { Include } from "../../fhir/search/criteria.ts";
import type { Row, StoreQuery } from "../../fhir/search/query.ts";
import { addressSlots, askEachOwner, askOwners, type Manner, type Mesh } from "./ask.ts";

/** How far `:iterate` follows; deeper is a loop or a mistake. */
const MAX_STEPS = 10;

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
 * @throws FhirError 400 too-costly; 503 OWNER_DOWN unless `manner.partial`
 */
export async function included(mesh: Mesh, matches: Row[], includes: Includes, manner: Manner, most: number): Promise<Row[]> {
  if (includes.include.length === 0 && includes.revinclude.length === 0) return [];
  const seen = new Set(matches.map(keyOf));
  const found: Row[] = [];
  let frontier = matches;
  for (let step = 0; step < MAX_STEPS && frontier.length > 0; step += 1) {
    const perOwner = new Map<string, StoreQuery[]>();
    const isFollowed = ({ iterate }: Include) => step === 0 || iterate;
    const limit = most + 1 - found.length;
    const { ids, addresses } = forwardTargets(frontier, includes.include.filter(isFollowed), seen);
    for (const [type, wanted] of ids) ask(type, [{ kind: "id", any: [...wanted] }], Math.min(wanted.size, limit));
    for (const [type, wanted] of addresses)
      ask(type, [{ kind: "key", slots: addressSlots(type), any: [...wanted].map((url) => ({ eq: `=${url}` })) }], limit);
    for (const { source, slots, targets } of includes.revinclude.filter(isFollowed)) {
      const ends = frontier.filter((row) => targets === undefined || targets.includes(row.type)).map((row) => ({ eq: `=${keyOf(row)}` }));
      if (ends.length > 0) ask(source, [{ kind: "key", slots, any: ends }], limit);
    }
    function ask(type: string, clauses: StoreQuery["clauses"], atMost: number): void {
      const refs = slotsToFollow(includes, type);
      const query: StoreQuery = {
        type,
        clauses,
        sort: [],
        limit: atMost,
        maxBytes: MAX_BYTES,
        want: "rows",
        ...(refs.length > 0 && { refs }),
      };
      askEachOwner(mesh, perOwner, query, manner);
    }
    const pages = await askOwners(mesh, perOwner);
    frontier = pages.flatMap((page) => page.rows).filter((row) => !seen.has(keyOf(row)) && seen.add(keyOf(row)));
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

const keyOf = ({ type, id }: Row): string => `${type}/${id}`;

/** By type: what the rows refer to and what is not there yet, by id and (canonical references) by address. */
function forwardTargets(rows: Row[], includes: Include[], seen: ReadonlySet<string>) {
  const ids = new Map<string, Set<string>>();
  const addresses = new Map<string, Set<string>>();
  for (const row of rows) {
    for (const { source, slots, targets, canonicalSlots } of includes) {
      if (source !== row.type) continue;
      for (const [slot, reference] of row.refs ?? []) {
        if (!slots.includes(slot) || seen.has(reference)) continue;
        if (canonicalSlots.includes(slot)) {
          for (const type of targets ?? []) note(addresses, type, reference.split("|", 1)[0] as string);
          continue;
        }
        const [, type, id] = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/.exec(reference) ?? [];
        if (type !== undefined && id !== undefined && (targets === undefined || targets.includes(type))) note(ids, type, id);
      }
    }
  }
  return { ids, addresses };
}

function note(into: Map<string, Set<string>>, type: string, value: string): void {
  into.set(type, (into.get(type) ?? new Set()).add(value));
}
