/**
 * Chains and `_has` over several services, resolved from the inside out. A small end is listed and becomes a condition on references or ids.
 * A large one remains a *link*: candidates are read, and each batch of them is probed (`semi-join.ts`).
 */
import { fhirError } from "../fhir/outcome.ts";
import { areTooDeep, clausesWithin, containedSlots } from "../fhir/search/contained-slots.ts";
import type { Chain, Criteria, Has } from "../fhir/search/criteria.ts";
import type { Clause, Page, StoreQuery } from "../fhir/search/query.ts";
import { referenceOf } from "../fhir/search/types/reference.ts";
import { canonicalUrlSlots, searchOwners, ownersToAsk } from "./scatter-gather.ts";
import { ownerOf } from "./owner-contract.ts";
import { refuseAmbiguousIds, withoutBare } from "./ambiguous-ids.ts";
import { type Link, type ChainPlan, CHAIN_LIMITS, type ChainQuery } from "./chain-plan.ts";
import { streamMatches, referencesIn, BudgetExceeded } from "./semi-join.ts";
import { anyOfValues, toContained } from "../fhir/search/exact-clauses.ts";
import { answerIn, type Availability, budgetFor, type ChainLimits, type QueryContext } from "./query-context.ts";

/** Resources read for one page of a list. */
const PAGE_OF_KEYS = 5_000;
/** Pages of one list: the targets of many resources may be few, which only shows by reading the many. */
const MAX_PAGES = 20;

/** @throws FhirError 503 OWNER_DOWN unless `availability.partial` */
export async function planChains(query: ChainQuery, criteria: Criteria): Promise<ChainPlan> {
  const { type, chains, has, lists } = criteria;
  await refuseAmbiguousIds(query.mesh, type, criteria.clauses, query.availability);
  const clauses = criteria.clauses.map(withoutBare);
  if (chains.length === 0 && has.length === 0 && lists.length === 0) return { type, clauses, links: [] };
  const all = await Promise.all([
    ...chains.map((chain) => planChain(query, type, chain)),
    ...has.map((one) => planHas(query, type, one)),
    ...lists.map((ids) => entriesOfLists(query, type, ids)),
  ]);
  const isLink = (one: Clause | Link): one is Link => one.kind === "chain" || one.kind === "has";
  return { type, clauses: [...clauses, ...all.filter((one) => !isLink(one))], links: all.filter(isLink) };
}

/**
 * The clauses of a search, for callers that can use nothing else.
 * @throws FhirError 400 too-costly if an end is too large to list
 */
export async function clausesOf(mesh: QueryContext, criteria: Criteria, availability: Availability): Promise<Clause[]> {
  const limits = (mesh.chainLimits ?? CHAIN_LIMITS).at(-1) as ChainLimits;
  const { clauses, links } = await planChains({ mesh, limits, availability }, criteria);
  const [link] = links;
  if (link) {
    const types = farTypesOf(link);
    throw fhirError(
      400,
      "too-costly",
      `${link.parameter} leads over more than ${limits.maxListed} ${types} resources: narrow it by another condition on ${types}.`,
      link.parameter,
    );
  }
  return clauses;
}

/** Types at the far end, for an error message. */
export const farTypesOf = (link: Link): string =>
  link.kind === "has" ? link.end.type : [...new Set((link.ends.length > 0 ? link.ends : link.inside).map(({ type }) => type))].join(" or ");

/**
 * `subject:Patient.name=Ann`: the far owners list the resources; the near owner is queried for references to them, or for what its resources
 * contain themselves (R4, search.html#contained).
 */
async function planChain(query: ChainQuery, type: string, { parameter, slots, isCanonical, any }: Chain): Promise<Clause | Link> {
  const { mesh, limits } = query;
  const inside = together(await Promise.all(any.map((far) => planContained(query, type, slots, far))));
  const served = any.filter(({ type }) => mesh.directory.known(type).length > 0);
  const found = await Promise.all(served.map((far) => endOf(query, far, isCanonical)));
  const all = new Set(found.flatMap(({ references = [] }) => references));
  // Each list may be small, and all of them together too large.
  const known = all.size > limits.maxListed ? new Set<string>() : all;
  const tooLarge = found.filter(({ references }) => references === undefined || known.size < all.size).map(({ plan }) => plan);
  if (tooLarge.length > 0 || inside.some(({ links }) => links.length > 0)) {
    return { kind: "chain", parameter, slots, isCanonical, ends: tooLarge, known, inside };
  }
  const outside = anyOfValues(slots, known);
  return inside.length > 0 ? { kind: "any", of: [[outside], ...inside.map(({ clauses }) => clauses)] } : outside;
}

/** The end of a chain. */
interface End {
  plan: ChainPlan;
  /** References to all of its matches; absent if there are too many. */
  references?: string[] | undefined;
}

/** Ends already queried in a search: a chain that continues from a contained resource has the same end as one that does not. */
const ends = new WeakMap<ChainQuery, Map<Criteria, Promise<End>>>();

function endOf(query: ChainQuery, far: Criteria, isCanonical: boolean): Promise<End> {
  const known = ends.get(query) ?? new Map<Criteria, Promise<End>>();
  ends.set(query, known);
  const asked = known.get(far) ?? askEnd(query, far, isCanonical);
  known.set(far, asked);
  return asked;
}

async function askEnd(query: ChainQuery, far: Criteria, isCanonical: boolean): Promise<End> {
  const plan = await planChains(query, far);
  const values = await listEnd(query, plan, isCanonical ? canonicalUrlSlots(far.type) : undefined);
  return { plan, references: isCanonical ? values : values?.map((id) => `${far.type}/${id}`) };
}

/** The same for contained resources of the near type; undefined if they cannot match. */
async function planContained(query: ChainQuery, type: string, slots: number[], far: Criteria): Promise<ChainPlan | undefined> {
  if (far.has.length > 0 || far.lists.length > 0) return undefined;
  if (areTooDeep(slots)) {
    await refuseDeeper(query, type, slots, far.type);
    return undefined;
  }
  const clauses = clausesWithin(slots, far.type, far.clauses);
  const chains = far.chains.map((chain) => ({ ...chain, slots: containedSlots(slots, chain.slots) }));
  if (!clauses || chains.some((chain) => chain.slots.length === 0)) return undefined;
  const plan = await planChains(query, { ...far, type, clauses, chains });
  return plan.clauses.length > 0 || plan.links.length > 0 ? plan : undefined;
}

/** By type and slots, whether a reference there leads to a contained resource: queried once per search. */
const deeper = new WeakMap<ChainQuery, Map<string, Promise<Page>>>();

/**
 * Contained resources at this depth are not indexed. A search that leads there is complete only while none exist; otherwise it is refused
 * rather than answered incompletely.
 * @throws FhirError 400 not-supported
 */
async function refuseDeeper(query: ChainQuery, type: string, slots: number[], farType: string): Promise<void> {
  const known = deeper.get(query) ?? new Map<string, Promise<Page>>();
  deeper.set(query, known);
  const name = `${type} ${farType} ${slots}`;
  const question: StoreQuery = { type, clauses: [{ kind: "key", slots, any: [toContained(farType)] }], sort: [], limit: 1, want: "ids" };
  const asked = known.get(name) ?? searchOwners(query.mesh, question, query.availability);
  known.set(name, asked);
  if ((await asked).rows.length === 0) return;
  throw fhirError(
    400,
    "not-supported",
    `The search leads over three contained resources, to a ${farType} in a ${type}: searches look into two. Ask for what one of the first two has.`,
  );
}

/** For a chain over many types: plans with the same conditions for each type are merged into one query. */
function together(plans: (ChainPlan | undefined)[]): ChainPlan[] {
  const merged = new Map<string, ChainPlan>();
  for (const [index, plan] of plans.entries()) {
    if (!plan) continue;
    const [only, ...more] = plan.clauses;
    const isSimple = plan.links.length === 0 && more.length === 0 && only && "slots" in only && !("not" in only);
    const key = isSimple ? JSON.stringify({ ...only, slots: [] }) : String(index);
    const same = merged.get(key)?.clauses[0];
    if (same && "slots" in same && only && "slots" in only) {
      merged.set(key, { ...plan, clauses: [{ ...same, slots: [...same.slots, ...only.slots] }] });
    } else merged.set(key, plan);
  }
  return [...merged.values()];
}

/** `_has:Observation:patient:code=1234-5`: the far owners list what their matches refer to. */
async function planHas(query: ChainQuery, type: string, has: Has): Promise<Clause | Link> {
  const { parameter, slots, isCanonical, search: far } = has;
  const isServed = query.mesh.directory.known(far.type).length > 0;
  const end: ChainPlan = isServed ? await planChains(query, far) : { type: far.type, clauses: [], links: [] };
  const referred = isServed ? await listEnd(query, end, slots) : [];
  if (!referred) return { kind: "has", parameter, slots, isCanonical, end };
  if (isCanonical) {
    const addresses = new Set(referred.map((address) => address.split("|", 1)[0]));
    return anyOfValues(canonicalUrlSlots(type), addresses as Set<string>);
  }
  const prefix = `${type}/`;
  return { kind: "id", any: referred.filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length)) };
}

/** Ids of all matches of the plan, or what they refer to; undefined if there are too many. */
async function listEnd(query: ChainQuery, plan: ChainPlan, slots: number[] | undefined): Promise<string[] | undefined> {
  const { mesh, limits, availability } = query;
  const { type, clauses, links } = plan;
  const owners = ownersToAsk(mesh.directory, type, availability);
  const listAll = async (wanted: number[] | undefined): Promise<string[] | undefined> => {
    const found = new Set<string>();
    const pages = await Promise.all(
      owners.map((owner) => listFromOwner(mesh, owner, { type, clauses, ...(wanted && { slots: wanted }) }, limits.maxListed, found)),
    );
    return pages.every((isWhole) => isWhole) && found.size <= limits.maxListed ? [...found] : undefined;
  };
  if (links.length === 0) return listAll(slots);
  // The end itself is too large to list; the candidates may be few enough to probe each.
  if (!(await listAll(undefined))) return undefined;
  const found = new Set<string>();
  const budget = { rows: limits.maxListed, deadline: performance.now() + limits.timeoutMs };
  try {
    for await (const { rows } of streamMatches({ ...query, budget }, plan, { sort: [], ...(slots && { refs: slots }) })) {
      for (const row of rows) for (const value of slots ? referencesIn(row, slots) : [row.id]) found.add(value);
    }
  } catch (error) {
    if (error instanceof BudgetExceeded) return undefined;
    throw error;
  }
  return [...found];
}

/** Adds what one owner lists; false if that would be more than `most`. */
async function listFromOwner(
  mesh: QueryContext,
  owner: string,
  query: { type: string; clauses: Clause[]; slots?: number[] },
  most: number,
  found: Set<string>,
): Promise<boolean> {
  // A short list is returned completely or not at all. So are ids, as their number is that of the matches, which is quick to find out.
  const whole = most <= PAGE_OF_KEYS || !query.slots;
  let after: number | undefined;
  for (let page = 0; page < MAX_PAGES && found.size <= most; page += 1) {
    const limit = whole ? most : PAGE_OF_KEYS;
    const asked = { ...query, limit, whole, ...(after !== undefined && { after }), ...budgetFor(mesh) };
    const { values, next } = answerIn(mesh, await ownerOf(owner).joinKeys(mesh.caller, asked));
    for (const value of values) found.add(value);
    if (next === undefined) return true;
    if (whole) return false;
    after = next;
  }
  return false;
}

/** `_list=42`: the resources of this type in the List, without those marked as deleted from it. */
async function entriesOfLists({ mesh, availability }: ChainQuery, type: string, ids: string[]): Promise<Clause> {
  if (mesh.directory.known("List").length === 0) return { kind: "id", any: [] };
  const query: StoreQuery = { type: "List", clauses: [{ kind: "id", any: ids }], sort: [], limit: ids.length, want: "rows" };
  const { rows } = await searchOwners(mesh, query, availability);
  const prefix = `${type}/`;
  const entries = rows.flatMap(
    ({ json = "{}" }) => (JSON.parse(json) as { entry?: { deleted?: boolean; item?: { reference?: string } }[] }).entry ?? [],
  );
  // A reference to a version means the resource.
  const references = entries.filter(({ deleted }) => deleted !== true).map(({ item }) => referenceOf(item?.reference ?? "") ?? "");
  return { kind: "id", any: [...new Set(references.filter((it) => it.startsWith(prefix)).map((it) => it.slice(prefix.length)))] };
}
