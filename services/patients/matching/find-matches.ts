/** The patients who may be the same person as one who is described, graded. */
import { parseJson } from "../../../fhir/json.ts";
import type { Patient, Stored } from "../../../fhir/r4.ts";
import type { Store } from "../../../store/store.ts";
import { isClosed } from "../patients.model.ts";
import type { IdentifierTable } from "../identifier-systems.ts";
import { blocksOf, MAX_OF_BLOCK } from "./blocks.ts";
import { agreementOf } from "./compare.ts";
import { MatchGrade } from "../patients.contract.ts";
import { gradeOf, type Match, type MatchWeights } from "./grade.ts";
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
  const pages = await Promise.all(
    blocksOf(patient, table).map((clauses) => store.search({ type: "Patient", clauses, sort: [], want: "rows", limit: MAX_OF_BLOCK })),
  );
  const found = new Map(pages.flatMap(({ rows }) => rows.map(({ id, json = "" }) => [id, json])));
  if (patient.id !== undefined) found.delete(patient.id);
  const person = personOf(patient, table);
  return [...found.values()]
    .map((json) => ({ json, other: parseJson(json) as Stored<Patient> }))
    .filter(({ other }) => !isClosed(other))
    .map(({ json, other }) => ({ patient: other, json, ...gradeOf(agreementOf(person, personOf(other, table)), weights) }))
    .filter(({ grade }) => grade !== MatchGrade.certainlyNot)
    .sort((one, other) => other.weight - one.weight || (one.patient.id < other.patient.id ? -1 : 1));
}
