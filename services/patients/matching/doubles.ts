/** Records that are probably of one person, though nobody has asked: looked for among those that were written last. */
import { parseJson } from "../../../fhir/json.ts";
import type { Patient, Stored } from "../../../fhir/r4.ts";
import { type Double, MatchGrade } from "../patients.contract.ts";
import { isClosed, isConfirmed } from "../patients.model.ts";
import { candidatesFor, type MatchingOptions } from "./find-matches.ts";

/** Records that doubles are looked for; each asks the search index up to 16 times. */
const MAX_LATEST = 50;

/** @returns each pair once, the most probable first */
export async function latestDoubles(options: MatchingOptions): Promise<Double[]> {
  const sort = [{ by: "updated" as const, desc: true }];
  const { rows } = await options.store.search({ type: "Patient", clauses: [], sort, want: "rows", limit: MAX_LATEST });
  const latest = rows.map(({ json = "" }) => parseJson(json) as Stored<Patient>);
  const pairs = new Map<string, Double>();
  for (const patient of latest) {
    if (isClosed(patient) || isConfirmed(patient)) continue; // somebody has said already that it is another person
    for (const { patient: other, grade, score } of await candidatesFor(patient, options)) {
      if (grade !== MatchGrade.certain && grade !== MatchGrade.probable) continue;
      if (isConfirmed(other)) continue;
      const [one, two] = [patient.id, other.id].sort() as [string, string];
      pairs.set(`${one} ${two}`, { patients: [`Patient/${one}`, `Patient/${two}`], grade, score });
    }
  }
  return [...pairs.values()].sort((one, other) => other.score - one.score);
}
