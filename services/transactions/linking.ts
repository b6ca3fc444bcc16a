/**
 * Links between a transaction's resources, and conditional references, which are resolved when all else is planned (FHIR R4,
 * http.html#trules): they lead to the state after the bundle.
 */
import type { BundleEntry } from "../../fhir/bundle/entries.ts";
import { replaceLinksInCriteria } from "../../fhir/bundle/criteria-links.ts";
import { LinkKind, replaceLinks, type Replacement } from "../../fhir/bundle/links.ts";
import {
  conditionalLinks,
  conditionalReferences,
  isConditionalReference,
  linksInPatched,
  linksTo,
  type LinkTarget,
  brokenLinksIn,
} from "../../fhir/bundle/replace-links.ts";
import { comparableUri } from "../../fhir/bundle/uris.ts";
import { FhirError } from "../../fhir/outcome.ts";
import { severalMatch } from "../../federation/errors.ts";
import { type Conditions, criteriaOf, refused } from "./conditions.ts";
import { PendingIndex } from "./pending-index.ts";
import { isFound, type Target } from "./targets.ts";

/** Replaces links to entries of the bundle, by their fullUrl, by references to what the server makes of them. */
export function rewriteLinks(writes: BundleEntry[], targets: Map<BundleEntry, Target>): void {
  const byFullUrl = linkTargets(writes, targets);
  if (byFullUrl.size === 0) return;
  for (const entry of writes) if (entry.resource) replaceLinks(entry.resource, inConditionsToo(linksTo(byFullUrl, entry.fullUrl)));
}

/** Applies a replacement to the criteria of conditional references too: `Encounter?subject=urn:uuid:…`. */
const inConditionsToo =
  (replace: Replacement): Replacement =>
  (link, kind, isInBundle) => {
    if (kind !== LinkKind.reference || !isConditionalReference(link)) return replace(link, kind, isInBundle);
    const mark = link.indexOf("?");
    return `${link.slice(0, mark)}?${replaceLinksInCriteria(link.slice(0, mark), link.slice(mark + 1), replace)}`;
  };

/**
 * Refuses references to entries that do not exist, or do not write. Patched resources are not checked, since they may have had such references before.
 * @throws FhirError 400 with all of them
 */
export function refuseBrokenLinks(writes: BundleEntry[]): void {
  const faults = writes.flatMap(({ resource, method, index }) =>
    resource === undefined || method === "DELETE"
      ? []
      : [...brokenLinksIn(resource)].map((link) => refused(400, brokenLink(link), index, "invalid")),
  );
  const issues = faults.flatMap(({ issues: own }) => own);
  if (issues.length > 0) throw new FhirError(400, issues.slice(0, MAX_ISSUES));
}

/** Faults in one answer. */
const MAX_ISSUES = 1_000;

/** Error text for a link that leads to no entry. */
export const brokenLink = (link: string): string => `No entry of this bundle that writes has the fullUrl ${link.slice(0, 200)}.`;

/** The same for patched resources: what a patch adds may be a link too. */
export function rewriteLinksInPatched(writes: BundleEntry[], targets: Map<BundleEntry, Target>): void {
  const byFullUrl = linkTargets(writes, targets);
  for (const entry of writes) {
    if (entry.method === "PATCH" && entry.resource) replaceLinks(entry.resource, inConditionsToo(linksInPatched(byFullUrl)));
  }
}

/** The targets of links to the entries, by fullUrl. */
export function linkTargets(writes: BundleEntry[], targets: Map<BundleEntry, Target>): Map<string, LinkTarget> {
  const found = new Map<string, LinkTarget>();
  for (const entry of writes) {
    const target = targets.get(entry);
    if (!target || entry.fullUrl === undefined) continue;
    const reference = `${entry.type}/${target.id}`;
    found.set(comparableUri(entry.fullUrl), { reference, isSame: entry.fullUrl.endsWith(`/${reference}`) });
  }
  return found;
}

/** The conditional references of each entry that has some. */
export function conditionalReferencesOf(writes: BundleEntry[]): Map<BundleEntry, Set<string>> {
  const found = new Map<BundleEntry, Set<string>>();
  for (const entry of writes) {
    const references = entry.resource ? conditionalReferences(entry.resource) : undefined;
    if (references && references.size > 0) found.set(entry, references);
  }
  return found;
}

/** Number of stored matches that must be known of a condition: those that the bundle writes itself do not count, and two are one too many. */
export const matchesToKnow = (writes: BundleEntry[], references: Iterable<string>): number => {
  const types = new Set(Array.from(references, typeOf));
  return 2 + writes.filter(({ type, method }) => method !== "POST" && types.has(type as string)).length;
};

/**
 * @param conditions the stored matches of all the references' criteria
 * @throws FhirError 412 for a reference that leads to none, or to several, after the bundle
 */
export function linkConditional(
  writes: BundleEntry[],
  targets: Map<BundleEntry, Target>,
  conditions: Conditions,
  references: Map<BundleEntry, Set<string>>,
): void {
  if (references.size === 0) return;
  const written = new PendingIndex(writes, targets);
  const changed = new Set<string>();
  const made = new Map<string, string>(); // a resource that is created because criteria matched nothing is their match
  for (const entry of writes) {
    const target = targets.get(entry);
    if (!target || isFound(entry, target)) continue;
    changed.add(`${entry.type}/${target.id}`);
    const criteria = criteriaOf(entry);
    if (criteria !== undefined && !target.held && entry.method !== "DELETE") made.set(criteria, target.id);
  }
  const resolved = new Map<string, string>();
  for (const [entry, own] of references) {
    for (const reference of own) {
      if (resolved.has(reference)) continue;
      const type = typeOf(reference);
      const { matches: all = [], current: matches = all, condition } = conditions.get(reference) ?? {};
      const stored = matches.map(({ id }) => id).filter((id) => !changed.has(`${type}/${id}`));
      const byBundle = condition ? written.matching(type, condition.clauses).map(({ id }) => id) : [];
      const ids = new Set([...stored, ...byBundle, ...(made.has(reference) ? [made.get(reference) as string] : [])]);
      if (ids.size > 1) throw ambiguous(reference, entry.index);
      const [id] = ids;
      if (id === undefined) {
        const why = matches.length > 0 ? " when this transaction is done: it changes or deletes what does now" : "";
        throw refused(412, `No resource matches the conditional reference ${reference}${why}.`, entry.index);
      }
      resolved.set(reference, `${type}/${id}`);
    }
  }
  for (const entry of references.keys()) replaceLinks(entry.resource, conditionalLinks(resolved));
}

const typeOf = (reference: string): string => reference.slice(0, reference.indexOf("?"));

/** Criteria for one resource that match several. */
export const ambiguous = (criteria: string, index: number) => refused(412, severalMatch(criteria), index, "multiple-matches");
