/** Conditions of a transaction's entries: `If-None-Exist`, and criteria instead of an id (FHIR R4, http.html#trules). */
import { asSystem } from "../../mesh/access/access.ts";
import { movesInto } from "../../federation/moves.ts";
import { writeAtOnce } from "../../federation/write-to-owner.ts";
import type { BundleEntry } from "../../fhir/bundle/entries.ts";
import { FhirError } from "../../fhir/outcome.ts";
import type { Caller } from "../../mesh/caller.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import type { Directory } from "../../federation/directory.ts";
import type { CriteriaMatches } from "../../federation/resolve-criteria.ts";
import { PendingIndex } from "./pending-index.ts";
import { deletedBy, type Target } from "./targets.ts";

/** The matches of criteria, `Type?query`, each of which is looked up once for the whole bundle. */
export type Conditions = Map<string, CriteriaMatches>;

/** The criteria, `Type?query`, of an entry that has some. */
export const criteriaOf = ({ method, type, query, ifNoneExist }: BundleEntry): string | undefined => {
  if (method === "POST") return ifNoneExist === undefined ? undefined : `${type}?${ifNoneExist}`;
  return query === undefined ? undefined : `${type}?${query}`;
};

/**
 * The steps that hold conditions with every owner of a shared type, at any of which a match may be created or found. They follow the deletions and
 * precede all other steps: a condition applies to what was there before the bundle, without what the bundle deletes (R4, http.html#trules).
 */
export function holdsOf(
  entries: BundleEntry[],
  targets: Map<BundleEntry, Target>,
  conditions: Conditions,
  directory: Directory,
): { index: number; owner: string; step: OwnerStep }[] {
  const held = new Set<string>();
  const deleted = deletedBy(targets);
  return entries.flatMap((entry) => {
    const criteria = criteriaOf(entry);
    const target = targets.get(entry);
    const type = entry.type as string;
    if (criteria === undefined || !target || held.has(criteria) || !directory.isShared(type)) return [];
    const isWritten = entry.method === "PUT" || (entry.method === "POST" && !target.held);
    if (!isWritten) return [];
    held.add(criteria);
    const { condition, matches: found } = conditions.get(criteria) as CriteriaMatches;
    return directory.ownersOf(type).map((owner) => ({
      index: entry.index,
      owner,
      step: {
        op: "hold" as const,
        type,
        condition,
        isThere: found.some((match) => match.owner === owner && !deleted.has(`${type}/${match.id}`)),
      },
    }));
  });
}

/** Number of moves of resources of shared types, by owner and counter. */
type Moves = Map<string, number>;
/** The key of an owner's counter of moves. */
export const moveKey = (owner: string, type: string): string => `${owner} ${movesInto(type)}`;

/** Types with several owners on whose conditions some entry acts. */
export const watchedTypes = (writes: BundleEntry[], directory: Directory): string[] => [
  ...new Set(
    writes.flatMap((entry) => (isConditionalWrite(entry) && directory.isShared(entry.type as string) ? [entry.type as string] : [])),
  ),
];

const isConditionalWrite = (entry: BundleEntry): boolean =>
  (entry.method === "POST" || entry.method === "PUT") && criteriaOf(entry) !== undefined;

/**
 * Number of moves so far. A resource that moves between the questions to two owners is found at neither: a transaction that creates because a
 * condition matched nothing must know that nothing has moved meanwhile.
 * @param except owners and counters that the caller's own transaction holds
 */
export async function movesOf(
  types: string[],
  { caller, directory }: { caller: Caller; directory: Directory },
  except: ReadonlySet<string> = new Set(),
): Promise<Moves> {
  const moves: Moves = new Map();
  const owners = [...new Set(types.flatMap((type) => directory.ownersOf(type)))];
  await Promise.all(
    owners.map(async (owner) => {
      const asked = types.filter((type) => directory.ownersOf(type).includes(owner) && !except.has(moveKey(owner, type)));
      if (asked.length === 0) return;
      // Adding nothing changes nothing, but waits for a prepared move, so that all decided ones are counted.
      const steps = asked.map((type): OwnerStep => ({ op: "add", counter: movesInto(type), by: 0 }));
      const results = await writeAtOnce(asSystem(caller, "transactions"), owner, { steps });
      for (const [index, type] of asked.entries()) moves.set(moveKey(owner, type), results[index]?.value ?? 0);
    }),
  );
  return moves;
}

/**
 * Refuses entries that turn out to be about one resource once conditions are resolved (R4, http.html#trules: resolved identities must not
 * overlap either). A conditional create that finds what another entry changes does nothing itself.
 * @throws FhirError 400
 */
export function refuseSharedTargets(writes: BundleEntry[], targets: Map<BundleEntry, Target>): void {
  const about = new Map<string, BundleEntry[]>();
  for (const entry of writes) {
    const target = targets.get(entry);
    if (!target) continue;
    const key = `${entry.type}/${target.id}`;
    const same = about.get(key);
    if (same) same.push(entry);
    else about.set(key, [entry]);
  }
  for (const [key, entries] of about) {
    const [changing, second] = entries.filter(({ method }) => method !== "POST");
    if (second) throw refused(400, `Another entry of this transaction is already about ${key}.`, second.index, "invalid");
    const creating = entries.find(({ method }) => method === "POST");
    if (!creating || !changing) continue;
    const isFound = targets.get(creating)?.held !== undefined;
    if (changing.method !== "DELETE" && isFound) continue;
    const why = isFound ? `finds ${key}, which another entry of this transaction deletes` : `is that of another entry of this transaction`;
    throw refused(400, `Its condition ${why}.`, creating.index, "invalid");
  }
}

/**
 * Refuses an entry that creates what a condition of another entry was to find: no order of them would be right.
 * @throws FhirError 400
 */
export function refuseOwnMatches(writes: BundleEntry[], targets: Map<BundleEntry, Target>, conditions: Conditions): void {
  const written = new PendingIndex(writes, targets);
  /** By criteria: entries with the same ones have the same target, and the same answer. */
  const asked = new Map<string, Target>();
  for (const entry of writes) {
    const criteria = criteriaOf(entry);
    const target = targets.get(entry);
    if (criteria === undefined || !target || target.held || !entry.resource || asked.get(criteria) === target) continue;
    asked.set(criteria, target);
    const { clauses } = (conditions.get(criteria) as CriteriaMatches).condition;
    if (written.matching(entry.type as string, clauses).some((other) => other !== target)) {
      throw refused(
        400,
        `Another entry of this transaction creates the match of ${criteria}: refer to that entry.`,
        entry.index,
        "duplicate",
      );
    }
  }
}

/** A refusal that names the entry. */
export const refused = (status: number, diagnostics: string, index: number, code = "processing") =>
  new FhirError(status, [{ severity: "error", code, diagnostics, expression: [`Bundle.entry[${index}]`] }]);
