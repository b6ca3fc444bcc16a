/** Patient records that were merged into others (`Patient.link`, replaced-by). */
import { ID_PATTERN } from "../fhir/ids.ts";
import type { Patient } from "../fhir/r4.ts";
import { asSystem } from "../mesh/access/access.ts";
import type { Caller } from "../mesh/caller.ts";
import type { Directory } from "./directory.ts";
import { ownerOf } from "./owner-contract.ts";
import { type CriteriaContext, type CriteriaMatches, resolveCriteria } from "./resolve-criteria.ts";

const OF_PATIENT = new RegExp(`(?:^|/)Patient/(${ID_PATTERN})$`);
/** Records of one person that are looked at; criteria that match more are ambiguous. */
const MAX_RECORDS = 20;

/** The records that replaced these, by id; none of owners that do not answer. @param system identity that looks them up */
export async function replacementsOf(
  { caller, directory }: { caller: Caller; directory: Directory },
  ids: string[],
  system: string,
): Promise<Map<string, string>> {
  const references = ids.map((id) => `Patient/${id}`);
  const owners = directory.known("Patient").filter(({ alive }) => alive);
  const answers = await Promise.all(
    owners.map(({ service }) =>
      ownerOf(service)
        .facts(asSystem(caller, system), { references })
        .catch(() => []),
    ),
  );
  const found = new Map<string, string>();
  for (const facts of answers) {
    facts.forEach((fact, index) => {
      const { link = [] } = (fact?.resource ?? {}) as Partial<Patient>;
      const next = OF_PATIENT.exec(link.find(({ type }) => type === "replaced-by")?.other.reference ?? "")?.[1];
      if (next !== undefined) found.set(ids[index] as string, next);
    });
  }
  return found;
}

/**
 * The matches of criteria for one patient, without records that were merged into another match: a merged record keeps its identifiers, and the
 * record that replaced it has them as old ones, so both match. Of all other criteria, the matches.
 */
export async function currentMatches(
  mesh: CriteriaContext,
  criteria: string,
  { matches }: CriteriaMatches,
  system: string,
): Promise<CriteriaMatches["matches"]> {
  if (matches.length < 2 || !criteria.startsWith("Patient?")) return matches;
  const [all] = await resolveCriteria(mesh, [criteria], MAX_RECORDS + 1);
  const records = all?.matches ?? [];
  if (records.length > MAX_RECORDS) return matches;
  const next = await replacementsOf(
    mesh,
    records.map(({ id }) => id),
    system,
  );
  const ids = new Set(records.map(({ id }) => id));
  const leadsToAnother = (id: string): boolean => {
    const passed = new Set<string>();
    let last = id;
    for (let to = next.get(last); to !== undefined && !passed.has(to); to = next.get(last)) {
      passed.add(to);
      last = to;
    }
    return last !== id && ids.has(last);
  };
  return records.filter(({ id }) => !leadsToAnother(id));
}
