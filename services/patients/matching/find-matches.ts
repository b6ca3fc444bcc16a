/** The patients who may be the same person as one who is described, graded. */
import { parseJson } from "../../../fhir/json.ts";
import type { Patient, Stored } from "../../../fhir/r4.ts";
import type { Clause } from "../../../fhir/search/query.ts";
import type { Store } from "../../../store/store.ts";
import { isClosed } from "../patients.model.ts";
import type { IdentifierTable } from "../identifier-systems.ts";
import { blocksOf, MAX_OF_BLOCK } from "./blocks.ts";
import { agreementOf } from "./compare.ts";
import { MatchGrade } from "../patients.contract.ts";
import { gradeOf, isSure, type Match, type MatchWeights } from "./grade.ts";
import { personOf } from "./person.ts";

/** A patient, and how probable it is that it is the one. */
export interface PatientMatch extends Match {
  patient: Stored<Patient>;
  /** The same as a text. */
  json: string;
}

/** What is looked through. */
export interface MatchingOptions {
  store: Pick<Store, "search">;
  table: IdentifierTable;
  weights: MatchWeights;
}

/** The best first; without those who are certainly others, without the one itself, and without records that another has replaced. */
export async function candidatesFor(patient: Patient, { store, table, weights }: MatchingOptions): Promise<PatientMatch[]> {
  const blocks = blocksOf(patient, table);
  const person = personOf(patient, table);
  const found = new Map<string, PatientMatch | undefined>();
  const look = async (clauses: Clause[]): Promise<number> => {
    const { rows } = await store.search({ type: "Patient", clauses, sort: [], want: "rows", limit: MAX_OF_BLOCK });
    for (const { id, json = "" } of rows) {
      if (id === patient.id || found.has(id)) continue;
      const other = parseJson(json) as Stored<Patient>;
      found.set(
        id,
        isClosed(other) ? undefined : { patient: other, json, ...gradeOf(agreementOf(person, personOf(other, table)), weights) },
      );
    }
    return rows.length;
  };
  const told = (): PatientMatch[] => [...found.values()].flatMap((one) => (one && one.grade !== MatchGrade.certainlyNot ? [one] : []));

  const counts = await Promise.all(blocks.map(({ clauses }) => look(clauses)));
  // The first has the words that are written first. Who is found already is not looked for among all of that name.
  const many = blocks.find(({ ofMany }, index) => ofMany && counts[index] === MAX_OF_BLOCK)?.ofMany;
  if (many && !told().some(isSure)) await look(many);
  return told().sort((one, other) => other.weight - one.weight || (one.patient.id < other.patient.id ? -1 : 1));
}
