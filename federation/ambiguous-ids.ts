/** A search by an id without a type (`subject=1`) that matches references to resources of two types is refused (FHIR R4, search.html#reference). */
import { fhirError } from "../fhir/outcome.ts";
import type { BareId, Clause, StoreQuery } from "../fhir/search/query.ts";
import type { Availability, QueryContext } from "./query-context.ts";
import { addForEachOwner, askTogether } from "./scatter-gather.ts";

/** Limit of ids without a type in one search. */
const MAX_BARE_IDS = 500;
/** For references to at most this many types, each type is checked in one query; for more, first any type, then any other. */
const MAX_TYPES_AT_ONCE = 8;

/**
 * Checks whether the matches refer to the same id of several types. One call to each owner, or two where a reference may be to many types,
 * however many ids there are.
 * @throws FhirError 400 if one does, and for too many ids without a type
 */
export async function refuseAmbiguousIds(mesh: QueryContext, type: string, clauses: Clause[], availability: Availability): Promise<void> {
  const asked = clauses.flatMap((clause) =>
    clause.kind === "key" ? (clause.bare ?? []).map((bare): Asked => ({ bare, slots: clause.slots, used: new Set() })) : [],
  );
  if (asked.length === 0) return;
  if (asked.length > MAX_BARE_IDS) {
    const name = asked[0]?.bare.name ?? "";
    throw fhirError(400, "too-costly", `"${name}" has more than ${MAX_BARE_IDS} ids without a type: write them as Type/id.`, name);
  }
  await findTypes(mesh, type, clauses, asked, availability);
  const others = asked.filter(({ used, bare }) => used.size === 1 && typesOf(bare).length > MAX_TYPES_AT_ONCE);
  if (others.length > 0) await findTypes(mesh, type, clauses, others, availability);
  const ambiguous = asked.find(({ used }) => used.size > 1);
  if (!ambiguous) return;
  const { name, id } = ambiguous.bare;
  const types = [...ambiguous.used].sort();
  const how = types.map((one) => `${one}/${id}`);
  throw fhirError(400, "multiple-matches", `The id ${id} in "${name}" is the id of ${how.join(" and of ")}: write one of them.`, name);
}

const typesOf = ({ byType }: BareId): string[] => Object.keys(byType);

interface Asked {
  bare: BareId;
  slots: number[];
  /** Types of the references found. */
  used: Set<string>;
}

async function findTypes(mesh: QueryContext, type: string, clauses: Clause[], asked: Asked[], availability: Availability): Promise<void> {
  const perOwner = new Map<string, StoreQuery[]>();
  const about = new Map<StoreQuery, Asked>();
  for (const one of asked) {
    const open = Object.entries(one.bare.byType).filter(([target]) => !one.used.has(target));
    const groups = open.length > MAX_TYPES_AT_ONCE || one.used.size > 0 ? [open] : open.map((each) => [each]);
    for (const group of groups) {
      const any = group.flatMap(([, values]) => values.map((eq) => ({ eq })));
      const within: Clause[] = [...clauses.map(withoutBare), { kind: "key", slots: one.slots, any }];
      const query: StoreQuery = { type, clauses: within, sort: [], limit: 1, want: "ids", refs: one.slots };
      about.set(query, one);
      addForEachOwner(mesh, perOwner, query, availability);
    }
  }
  const pages = await askTogether(mesh, perOwner);
  const queries = [...perOwner.values()].flat();
  for (const [index, { rows }] of pages.entries()) {
    const one = about.get(queries[index] as StoreQuery) as Asked;
    const references = new Set(rows.flatMap(({ refs = [] }) => refs.map(([, value]) => `=${value}`)));
    for (const [target, values] of Object.entries(one.bare.byType)) if (values.some((value) => references.has(value))) one.used.add(target);
  }
}

/** The clause as owners need it. */
export function withoutBare(clause: Clause): Clause {
  if (clause.kind !== "key" || clause.bare === undefined) return clause;
  const { bare: _, ...rest } = clause;
  return rest;
}
