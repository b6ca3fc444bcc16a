/** Finds and grades the patients who may be a given person. */
import { parseJson } from "../../../fhir/json.ts";
import type { Patient, Stored } from "../../../fhir/r4.ts";
import type { Clause } from "../../../fhir/search/query.ts";
import { fairTurn } from "../../../mesh/turns.ts";
import type { Store } from "../../../store/store.ts";
import { isClosed } from "../patients.model.ts";
import type { IdentifierTable } from "../../../fhir/identifier-systems.ts";
import { blocksOf, MAX_OF_BLOCK } from "./blocks.ts";
import { agreementOf } from "./compare.ts";
import { type GradedPatient, MatchGrade, type PersonIdentifier } from "../patients.contract.ts";
import { gradeOf, isSure, type Match, type MatchWeights } from "./grade.ts";
import { personOf } from "./person.ts";

/** A patient, with the probability that it is the person. */
export interface PatientMatch extends Match {
  patient: Stored<Patient>;
  /** The patient as JSON. */
  json: string;
}

/** The store and the tables of a search for matches. */
export interface MatchingOptions {
  store: Pick<Store, "search">;
  table: IdentifierTable;
  weights: MatchWeights;
  /** The client that asks, with which others take turns; absent: the service itself, as one client. */
  client?: string;
}

/** The client's name of the service's own searches for duplicates. */
const OWN_SEARCHES = "patients";

/** Candidates, the best first; without certain mismatches, the patient itself, and replaced records. */
export async function candidatesFor(
  patient: Patient,
  { store, table, weights, client = OWN_SEARCHES }: MatchingOptions,
): Promise<PatientMatch[]> {
  const blocks = blocksOf(patient, table);
  const person = personOf(patient, table);
  const found = new Map<string, PatientMatch | undefined>();
  const look = async (clauses: Clause[]): Promise<number> => {
    const query = { type: "Patient", clauses, sort: [], want: "rows" as const, limit: MAX_OF_BLOCK };
    const { rows } = await store.search(query, { leftMs: Number.POSITIVE_INFINITY, client });
    await fairTurn(client); // to compare a hundred takes milliseconds
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
  // The first such question has the words in their written order. It is skipped if a sure match was found.
  const many = blocks.find(({ ofMany }, index) => ofMany && counts[index] === MAX_OF_BLOCK)?.ofMany;
  if (many && !told().some(isSure)) await look(many);
  return told().sort((one, other) => other.weight - one.weight || (one.patient.id < other.patient.id ? -1 : 1));
}

/** The certain and probable matches; none if one of them has this number, as then the number is refused. */
export function sureMatches(all: PatientMatch[], { system, value }: PersonIdentifier, table: IdentifierTable): PatientMatch[] {
  const keysOf = ({ identifier = [] }: Patient) => identifier.map((one) => table.keyOf(one.system ?? "", one.value ?? ""));
  const sure = all.filter(({ grade }) => grade === MatchGrade.certain || grade === MatchGrade.probable);
  return sure.some(({ patient }) => keysOf(patient).includes(table.keyOf(system, value))) ? [] : sure;
}

/** The answer of `$match`: if only a certain match is wanted and several are certain, none (R4, patient-operation-match.html). */
export function matchesWanted(all: PatientMatch[], { limit, onlyCertain }: { limit: number; onlyCertain: boolean }) {
  const certain = all.filter(({ grade }) => grade === MatchGrade.certain);
  const wanted = onlyCertain ? (certain.length === 1 ? certain : []) : all;
  return wanted.slice(0, limit).map((one) => ({ ...gradedOf(one), json: one.json }));
}

/** A match as actions return it, without the record. */
export const gradedOf = ({ patient, grade, score }: PatientMatch): GradedPatient => ({ patient: `Patient/${patient.id}`, grade, score });
