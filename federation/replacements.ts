/** Patient records that were merged into others (`Patient.link`, replaced-by). */
import { ID_PATTERN } from "../fhir/ids.ts";
import type { Patient } from "../fhir/r4.ts";
import { asSystem } from "../mesh/access/access.ts";
import type { Caller } from "../mesh/caller.ts";
import type { Directory } from "./directory.ts";
import { MAX_FACTS } from "./facts.ts";
import { ownerOf } from "./owner-contract.ts";
import { type CriteriaContext, type CriteriaMatch, type CriteriaMatches, resolveCriteria } from "./resolve-criteria.ts";

const OF_PATIENT = new RegExp(`(?:^|/)Patient/(${ID_PATTERN})$`);
/** Records of one person that are looked at; criteria that match more are ambiguous. */
const MAX_RECORDS = 20;
/** Records that are looked up for one request. */
const MAX_LOOKED_UP = 10_000;

/** The records that replaced these, by id; none of owners that do not answer. @param system identity that looks them up */
export async function replacementsOf(
  { caller, directory }: { caller: Caller; directory: Directory },
  ids: string[],
  system: string,
): Promise<Map<string, string>> {
  const owners = directory.known("Patient").filter(({ alive }) => alive);
  const found = new Map<string, string>();
  for (let from = 0; from < ids.length; from += MAX_FACTS) {
    const some = ids.slice(from, from + MAX_FACTS);
    const references = some.map((id) => `Patient/${id}`);
    const answers = await Promise.all(
      owners.map(({ service }) =>
        ownerOf(service)
          .facts(asSystem(caller, system), { references })
          .catch(() => []),
      ),
    );
    for (const facts of answers) {
      facts.forEach((fact, index) => {
        const { link = [] } = (fact?.resource ?? {}) as Partial<Patient>;
        const next = OF_PATIENT.exec(link.find(({ type }) => type === "replaced-by")?.other.reference ?? "")?.[1];
        if (next !== undefined) found.set(some[index] as string, next);
      });
    }
  }
  return found;
}

/**
 * The matches of each of these criteria, without patient records that were merged into another match: a merged record keeps its identifiers, and the
 * record that replaced it has them as old ones, so both match. All ambiguous criteria are looked up together; those that find more than `MAX_RECORDS`
 * records, or come after `MAX_LOOKED_UP` records, stay ambiguous.
 * @param found what the criteria were found to match, in their order
 */
export async function currentMatches(
  mesh: CriteriaContext,
  criteria: readonly string[],
  found: readonly CriteriaMatches[],
  system: string,
): Promise<CriteriaMatch[][]> {
  const current = found.map(({ matches }) => matches);
  const ambiguous = criteria.flatMap((text, place) =>
    text.startsWith("Patient?") && (current[place]?.length ?? 0) > 1 ? [{ text, place }] : [],
  );
  if (ambiguous.length === 0) return current;
  const some = ambiguous.slice(0, MAX_LOOKED_UP / MAX_RECORDS);
  const all = await resolveCriteria(
    mesh,
    some.map(({ text }) => text),
    MAX_RECORDS + 1,
  );
  const few = all.map(({ matches }) => (matches.length > MAX_RECORDS ? [] : matches.map(({ id }) => id)));
  const next = await replacementsOf(mesh, [...new Set(few.flat())], system);
  for (const [index, { place }] of some.entries()) {
    const ids = new Set(few[index]);
    const records = all[index]?.matches ?? [];
    if (ids.size > 0) current[place] = records.filter(({ id }) => !leadsToAnother(id, ids, next));
  }
  return current;
}

/** Whether a record was replaced, over any number of merges, by another one of these. */
function leadsToAnother(id: string, ids: ReadonlySet<string>, next: ReadonlyMap<string, string>): boolean {
  const passed = new Set<string>();
  let last = id;
  for (let to = next.get(last); to !== undefined && !passed.has(to); to = next.get(last)) {
    passed.add(to);
    last = to;
  }
  return last !== id && ids.has(last);
}
