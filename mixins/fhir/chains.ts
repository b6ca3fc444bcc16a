/**
 * Chains and `_has` over several services, from the inside out. An end that is small is listed, and becomes a condition on
 * references or ids. One that is not stays a *link*: candidates are read, and each batch of them is probed (`probing.ts`).
 */
import { fhirError } from "../../fhir/outcome.ts";
import type { Chain, Criteria, Has } from "../../fhir/search/criteria.ts";
import type { Clause, StoreQuery } from "../../fhir/search/query.ts";
import { referenceOf } from "../../fhir/search/rows.ts";
import { addressSlots, askAll, type Manner, type Mesh, ownersToAsk } from "./ask.ts";
import { ownerOf } from "./contract.ts";
import { passing, referencesIn, Spent } from "./probing.ts";

/** How much of a question is done one way, before another is tried. */
export interface Stage {
  /** An end with at most so many resources is listed, the others are probed. */
  listed: number;
  /** Candidates that are probed for one page. */
  probed: number;
  /** Candidates that are probed for one count. */
  counted: number;
  /** Time for it, milliseconds. */
  ms: number;
}

/**
 * Measured: to list a resource at the far end and to look it up at the near one takes about as long as to probe one candidate. Which of
 * the two is less depends on how many candidates pass, and that shows only by probing some. Where few pass, a longer list pays.
 */
export const STAGES: Stage[] = [
  { listed: 1_000, probed: 10_000, counted: 10_000, ms: 2_000 },
  { listed: 20_000, probed: 50_000, counted: 200_000, ms: 5_000 },
];

/** Criteria as questions to owners of one type, and what must be asked of others for each candidate. */
export interface Plan {
  type: string;
  clauses: Clause[];
  links: Link[];
}

/** What must be asked of others about each candidate. */
export type Link = ChainLink | HasLink;

/** A candidate must refer to something that fulfils one of the plans, or is known to. */
export interface ChainLink extends Pick<Chain, "parameter" | "slots" | "isCanonical"> {
  kind: "chain";
  ends: Plan[];
  /** References, as they stand in the slots, to what a list has shown to fulfil it. */
  known: ReadonlySet<string>;
}

/** Something that fulfils the plan must refer to a candidate. */
export interface HasLink extends Pick<Has, "parameter" | "slots" | "isCanonical"> {
  kind: "has";
  end: Plan;
}

/** Resources that a page of a list is made from. */
const LISTED_PER_CALL = 5_000;
/** Pages of one list: what many refer to may be few, but is found only by looking at the many. */
const MOST_PAGES = 20;

/** @throws FhirError 503 OWNER_DOWN unless `manner.partial` */
export async function planOf(mesh: Mesh, criteria: Criteria, stage: Stage, manner: Manner): Promise<Plan> {
  const { type, clauses, chains, has, lists } = criteria;
  if (chains.length === 0 && has.length === 0 && lists.length === 0) return { type, clauses, links: [] };
  const all = await Promise.all([
    ...chains.map((chain) => chained(mesh, chain, stage, manner)),
    ...has.map((one) => having(mesh, type, one, stage, manner)),
    ...lists.map((ids) => entriesOfLists(mesh, type, ids, manner)),
  ]);
  const isLink = (one: Clause | Link): one is Link => one.kind === "chain" || one.kind === "has";
  return { type, clauses: [...clauses, ...all.filter((one) => !isLink(one))], links: all.filter(isLink) };
}

/**
 * The clauses of a search for those who ask nothing but clauses.
 * @throws FhirError 400 too-costly where an end is too large to be listed
 */
export async function resolved(mesh: Mesh, criteria: Criteria, manner: Manner): Promise<Clause[]> {
  const stage = (mesh.stages ?? STAGES).at(-1) as Stage;
  const { clauses, links } = await planOf(mesh, criteria, stage, manner);
  const [link] = links;
  if (link) {
    const types = typesOf(link);
    throw fhirError(
      400,
      "too-costly",
      `${link.parameter} leads over more than ${stage.listed} ${types} resources: narrow it by another condition on ${types}.`,
      link.parameter,
    );
  }
  return clauses;
}

/** Types at the far end, for a sentence. */
export const typesOf = (link: Link): string =>
  link.kind === "has" ? link.end.type : [...new Set(link.ends.map(({ type }) => type))].join(" or ");

/** `subject:Patient.name=Ann`: the far owners name the resources, the near one is asked for references to them. */
async function chained(mesh: Mesh, { parameter, slots, isCanonical, any }: Chain, stage: Stage, manner: Manner): Promise<Clause | Link> {
  const served = any.filter(({ type }) => mesh.directory.known(type).length > 0);
  const found = await Promise.all(
    served.map(async (far) => {
      const plan = await planOf(mesh, far, stage, manner);
      const values = await listed(mesh, plan, isCanonical ? addressSlots(far.type) : undefined, stage, manner);
      return { plan, references: isCanonical ? values : values?.map((id) => `${far.type}/${id}`) };
    }),
  );
  const all = new Set(found.flatMap(({ references = [] }) => references));
  // Each may be few, and all together too many.
  const known = all.size > stage.listed ? new Set<string>() : all;
  const ends = found.filter(({ references }) => references === undefined || known.size < all.size).map(({ plan }) => plan);
  if (ends.length > 0) return { kind: "chain", parameter, slots, isCanonical, ends, known };
  return { kind: "key", slots, any: [...known].map((reference) => ({ eq: `=${reference}` })) };
}

/** `_has:Observation:patient:code=1234-5`: the far owners name what their matches refer to. */
async function having(mesh: Mesh, type: string, has: Has, stage: Stage, manner: Manner): Promise<Clause | Link> {
  const { parameter, slots, isCanonical, search: far } = has;
  const isServed = mesh.directory.known(far.type).length > 0;
  const end: Plan = isServed ? await planOf(mesh, far, stage, manner) : { type: far.type, clauses: [], links: [] };
  const referred = isServed ? await listed(mesh, end, slots, stage, manner) : [];
  if (!referred) return { kind: "has", parameter, slots, isCanonical, end };
  if (isCanonical) {
    const addresses = new Set(referred.map((address) => address.split("|", 1)[0]));
    return { kind: "key", slots: addressSlots(type), any: [...addresses].map((address) => ({ eq: `=${address}` })) };
  }
  const prefix = `${type}/`;
  return { kind: "id", any: referred.filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length)) };
}

/** Ids of all that fulfils the plan, or what it refers to; undefined when there is too much of it. */
async function listed(mesh: Mesh, plan: Plan, slots: number[] | undefined, stage: Stage, manner: Manner): Promise<string[] | undefined> {
  const { type, clauses, links } = plan;
  const owners = ownersToAsk(mesh.directory, type, manner);
  const listAll = async (wanted: number[] | undefined): Promise<string[] | undefined> => {
    const found = new Set<string>();
    const pages = await Promise.all(
      owners.map((owner) => listOf(mesh, owner, { type, clauses, ...(wanted && { slots: wanted }) }, stage.listed, found)),
    );
    return pages.every((isWhole) => isWhole) && found.size <= stage.listed ? [...found] : undefined;
  };
  if (links.length === 0) return listAll(slots);
  // What is behind it is too much to list; the candidates themselves may be few enough to ask about each.
  if (!(await listAll(undefined))) return undefined;
  const found = new Set<string>();
  const budget = { rows: stage.listed, until: performance.now() + stage.ms };
  try {
    for await (const { rows } of passing(mesh, plan, { sort: [], ...(slots && { refs: slots }) }, budget, manner)) {
      for (const row of rows) for (const value of slots ? referencesIn(row, slots) : [row.id]) found.add(value);
    }
  } catch (error) {
    if (error instanceof Spent) return undefined;
    throw error;
  }
  return [...found];
}

/** Adds what one owner lists; false when that would be more than `most`. */
async function listOf(
  { caller }: Mesh,
  owner: string,
  query: { type: string; clauses: Clause[]; slots?: number[] },
  most: number,
  found: Set<string>,
): Promise<boolean> {
  // A short list comes whole or not at all. So do ids, of which there are as many as matches: whether there are too many is quickly told.
  const whole = most <= LISTED_PER_CALL || !query.slots;
  let after: number | undefined;
  for (let page = 0; page < MOST_PAGES && found.size <= most; page += 1) {
    const limit = whole ? most : LISTED_PER_CALL;
    const { values, next } = await ownerOf(owner).links(caller, { ...query, limit, whole, ...(after !== undefined && { after }) });
    for (const value of values) found.add(value);
    if (next === undefined) return true;
    if (whole) return false;
    after = next;
  }
  return false;
}

/** `_list=42`: the resources of this type that the List has, those marked as deleted from it left out. */
async function entriesOfLists(mesh: Mesh, type: string, ids: string[], manner: Manner): Promise<Clause> {
  if (mesh.directory.known("List").length === 0) return { kind: "id", any: [] };
  const query: StoreQuery = { type: "List", clauses: [{ kind: "id", any: ids }], sort: [], limit: ids.length, want: "rows" };
  const { rows } = await askAll(mesh, query, manner);
  const prefix = `${type}/`;
  const entries = rows.flatMap(
    ({ json = "{}" }) => (JSON.parse(json) as { entry?: { deleted?: boolean; item?: { reference?: string } }[] }).entry ?? [],
  );
  // Of a version of a resource it is the resource.
  const references = entries.filter(({ deleted }) => deleted !== true).map(({ item }) => referenceOf(item?.reference ?? "") ?? "");
  return { kind: "id", any: [...new Set(references.filter((it) => it.startsWith(prefix)).map((it) => it.slice(prefix.length)))] };
}
