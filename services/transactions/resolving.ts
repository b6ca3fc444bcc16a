/**
 * Determines the target of each entry of a transaction: assigns ids, looks up conditions. A condition may link to other entries
 * (`Encounter?subject=urn:uuid:…`), which are resolved first (FHIR R4, http.html#trules).
 */
import type { BundleEntry } from "../../fhir/bundle/entries.ts";
import { replaceLinksInCriteria } from "../../fhir/bundle/criteria-links.ts";
import { linksTo } from "../../fhir/bundle/replace-links.ts";
import { comparableUri, isLocalToBundle } from "../../fhir/bundle/uris.ts";
import { FhirError } from "../../fhir/outcome.ts";
import { currentMatches } from "../../federation/replacements.ts";
import { type CriteriaContext, type CriteriaMatches, resolveCriteria } from "../../federation/resolve-criteria.ts";
import { type Conditions, criteriaOf, refused } from "./conditions.ts";
import { ambiguous, conditionalReferencesOf, linkTargets, matchesToKnow, brokenLink } from "./linking.ts";
import { deletedBy, type Target } from "./targets.ts";

/** What the look-ups of a transaction need. */
export interface MeshOf extends CriteriaContext {
  /** The id of the resource that an entry creates, by the entry's index. */
  idOf(index: number): string;
}

/** Levels of conditions that link to entries with conditions: each level is a question to all owners. */
const MAX_STEPS = 10;

/** @param isAlone the single entry was not sent as a bundle: its links lead to no other entries @throws FhirError 400, 412, 422 */
export async function resolveTargets(
  writes: BundleEntry[],
  mesh: MeshOf,
  isAlone: boolean,
): Promise<{ conditions: Conditions; targets: Map<BundleEntry, Target> }> {
  const targets = new Map<BundleEntry, Target>();
  const links = isAlone ? new Map<BundleEntry, BundleEntry[]>() : linksOfConditions(writes);
  const all = [...conditionalReferencesOf(writes).values()].flatMap((some) => [...some]);
  // Conditions with links are looked up once their targets are known.
  const references = all.filter((text) => isAlone || !hasLocalLink(text));
  const limit = Math.max(matchesToKnow(writes, references), 2 + mostDeletions(writes));
  const created: Created = new Map();
  const conditions: Conditions = new Map();
  let open = writes;
  for (let step = 0; open.length > 0; step += 1) {
    const isOpen = new Set(open);
    const ready = readyOf(open, links, isOpen);
    if (ready.length === 0 || step === MAX_STEPS) throw circular((ready[0] ?? open[0]) as BundleEntry);
    if (step > 0) linkConditions(ready, writes, targets);
    const criteria = [...ready.flatMap((entry) => criteriaOf(entry) ?? []), ...(step === 0 ? references : [])];
    for (const [text, found] of await resolveAll(criteria, limit, mesh, conditions)) conditions.set(text, found);
    addTargets(ready, { targets, conditions, created, idOf: mesh.idOf });
    const done = new Set(ready);
    open = open.filter((entry) => !done.has(entry));
  }
  return { conditions, targets };
}

/** The entries to which each condition links. @throws FhirError 400 for a link to no entry */
function linksOfConditions(writes: BundleEntry[]): Map<BundleEntry, BundleEntry[]> {
  const byFullUrl = new Map(
    writes.flatMap((entry) => (entry.fullUrl === undefined ? [] : [[comparableUri(entry.fullUrl), entry] as const])),
  );
  const places = new Map([...byFullUrl.keys()].map((fullUrl) => [fullUrl, { reference: fullUrl }]));
  const found = new Map<BundleEntry, BundleEntry[]>();
  for (const entry of writes) {
    const query = queryOf(entry);
    if (query === undefined) continue;
    const linked = new Set<BundleEntry>();
    const replace = linksTo(places, entry.fullUrl);
    replaceLinksInCriteria(entry.type as string, query, (link, kind) => {
      const place = replace(link, kind)?.replace(/(?:#|\/_history\/).*$/s, "");
      const target = place === undefined ? undefined : byFullUrl.get(place);
      if (target) linked.add(target);
      else if (isLocalToBundle(link)) throw refused(400, brokenLink(link), entry.index, "invalid");
      return undefined;
    });
    if (linked.size > 0) found.set(entry, [...linked]);
  }
  return found;
}

const queryOf = ({ method, query, ifNoneExist }: BundleEntry): string | undefined => (method === "POST" ? ifNoneExist : query);

const hasLocalLink = (criteria: string): boolean =>
  /(?:urn|resource|cid|mid)(?::|%3A)/i.test(criteria) || /=https?(?::|%3A)/i.test(criteria);

/**
 * Entries whose conditions link to resolved entries only. A conditional create also waits for the deletions of its type, since it does
 * not find what they remove.
 */
function readyOf(open: BundleEntry[], links: Map<BundleEntry, BundleEntry[]>, isOpen: ReadonlySet<BundleEntry>): BundleEntry[] {
  const free = open.filter((entry) => (links.get(entry) ?? []).every((it) => !isOpen.has(it)));
  if (free.length === open.length) return free;
  const isFree = new Set(free);
  const deleting = new Set(open.flatMap((entry) => (entry.method === "DELETE" && !isFree.has(entry) ? [entry.type] : [])));
  const ready = free.filter((entry) => !(entry.method === "POST" && entry.ifNoneExist !== undefined && deleting.has(entry.type)));
  return ready.length > 0 ? ready : free;
}

const circular = (entry: BundleEntry) =>
  refused(400, `Its condition depends on the conditions of more than ${MAX_STEPS} other entries, or on itself.`, entry.index, "invalid");

/** Replaces the links in conditions by their targets. */
function linkConditions(ready: BundleEntry[], writes: BundleEntry[], targets: Map<BundleEntry, Target>): void {
  const byFullUrl = linkTargets(writes, targets);
  for (const entry of ready) {
    const query = queryOf(entry);
    if (query === undefined) continue;
    const replace = linksTo(byFullUrl, entry.fullUrl);
    const linked = replaceLinksInCriteria(entry.type as string, query, (link, kind) => {
      const now = replace(link, kind);
      if (now === undefined && isLocalToBundle(link)) throw refused(400, brokenLink(link), entry.index, "invalid");
      return now;
    });
    if (entry.method === "POST") entry.ifNoneExist = linked;
    else entry.query = linked;
  }
}

/** The largest number of deleting entries of one type: so many matches of a condition on that type may not count. */
function mostDeletions(writes: BundleEntry[]): number {
  const conditional = new Set(
    writes.flatMap(({ method, type, ifNoneExist }) => (method === "POST" && ifNoneExist !== undefined ? [type] : [])),
  );
  const deletions = new Map<string | undefined, number>();
  for (const { method, type } of writes) {
    if (method === "DELETE" && conditional.has(type)) deletions.set(type, (deletions.get(type) ?? 0) + 1);
  }
  return Math.max(0, ...deletions.values());
}

/**
 * Different conditions of a transaction, in entries and in conditional references. An owner evaluates those of its
 * creates again in the step that writes, at 0.1 ms each.
 */
const MAX_CONDITIONS = 5_000;

/**
 * Looks up those criteria that are not known yet.
 * @throws FhirError 422 for too many, together with the known ones
 */
export async function resolveAll(
  criteria: string[],
  limit: number,
  mesh: MeshOf,
  known: ReadonlyMap<string, CriteriaMatches>,
): Promise<Conditions> {
  const list = [...new Set(criteria)].filter((text) => !known.has(text));
  const count = list.length + known.size;
  if (list.length > 0 && count > MAX_CONDITIONS) {
    const diagnostics = `The transaction has ${count} different conditions and conditional references, ${MAX_CONDITIONS} are the most: send it in parts.`;
    throw new FhirError(422, [{ severity: "error", code: "too-costly", diagnostics, expression: ["Bundle.entry"] }]);
  }
  if (list.length === 0) return new Map();
  const found = await resolveCriteria(mesh, list, limit);
  const current = await currentMatches(mesh, list, found, "transactions");
  return new Map(list.map((text, index) => [text, { ...(found[index] as CriteriaMatches), current: current[index] ?? [] }]));
}

/** By criteria: the same conditional create twice in one bundle is one resource. */
type Created = Map<string, Target>;

/** The targets that are known so far. */
interface Known {
  targets: Map<BundleEntry, Target>;
  conditions: Conditions;
  created: Created;
  idOf(index: number): string;
}

/** Adds the target of each entry that writes. Deletions come first, as in the final order. */
function addTargets(ready: BundleEntry[], known: Known): void {
  const deletions = ready.filter(({ method }) => method === "DELETE");
  addTargetsOf(deletions, known, new Set());
  const others = ready.filter(({ method }) => method !== "DELETE");
  addTargetsOf(others, known, deletedBy(known.targets));
}

function addTargetsOf(entries: BundleEntry[], { targets, conditions, created, idOf }: Known, deleted: ReadonlySet<string>): void {
  for (const entry of entries) {
    const criteria = criteriaOf(entry);
    if (criteria === undefined) {
      targets.set(entry, { id: entry.id ?? idOf(entry.index) });
      continue;
    }
    const { matches: all = [], current = all } = conditions.get(criteria) ?? {};
    // What changes a record must not meet another than it names; what only refers to one, or finds it, means the record in force.
    const matches = entry.method === "POST" ? current.filter(({ id }) => !deleted.has(`${entry.type}/${id}`)) : all;
    if (matches.length > 1) throw ambiguous(criteria, entry.index);
    const [match] = matches;
    if (match) {
      const isOther = entry.method === "PUT" && entry.resource?.id !== undefined && entry.resource.id !== match.id;
      if (isOther) {
        throw refused(400, `The criteria match ${entry.type}/${match.id}, but the resource has the id ${entry.resource?.id}.`, entry.index);
      }
      targets.set(entry, { id: match.id, held: { ...match, deleted: false } });
    } else if (entry.method === "POST" || entry.method === "PUT") {
      const target = created.get(criteria) ?? { id: (entry.method === "PUT" ? entry.resource?.id : undefined) ?? idOf(entry.index) };
      created.set(criteria, target);
      targets.set(entry, target);
    }
  }
}
