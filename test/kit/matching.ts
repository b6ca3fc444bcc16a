/** Measures how well, and how fast, the same person is found again among many. */
import { frameOf } from "../../fhir/frame.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import type { Patient } from "../../fhir/r4.ts";
import type { Resource } from "../../fhir/resource.ts";
import type { Store } from "../../store/store.ts";
import { IdentifierTable } from "../../fhir/identifier-systems.ts";
import { MatchGrade } from "../../services/patients/patients.contract.ts";
import { MATCH_WEIGHTS } from "../../services/patients/matching/grade.ts";
import { candidatesFor } from "../../services/patients/matching/find-matches.ts";
import { peopleOfTwoScripts } from "./two-scripts.ts";
import { copyOf } from "./record-copies.ts";
import { people, randomOf } from "../../scripts/simulate/synthetic-people.ts";

const BATCH = 500;

/** What was found. */
export interface MatchFigures {
  copies: number;
  /** Share of the copies whose person is found as probable or certain. */
  recall: number;
  /** Share of those found as probable or certain who are the right person. */
  precision: number;
  /** Share of the copies whose person is found at all. */
  found: number;
  /** The same if one record is in Arabic letters and the other in Latin ones. */
  twoScripts: { copies: number; recall: number; precision: number; found: number };
  p50: number; // milliseconds
  p95: number; // milliseconds
  /** In processor time, independent of the machine's load. */
  cpu95: number; // milliseconds
}

/** Stores `count` people, then searches an altered copy of a tenth of them, and as many who are not stored. */
export async function measureMatching(store: Store, count: number, seed = 1): Promise<MatchFigures> {
  const known: Patient[] = [];
  const strangers: Patient[] = [];
  let batch: (Patient & { id: string })[] = [];
  const flush = async () => {
    await store.write(
      batch.map((one) => {
        const resource = one as unknown as Resource;
        return { op: "create", type: "Patient", id: one.id, body: frameOf(resource as never), index: indexOf(resource) };
      }),
    );
    batch = [];
  };
  const copies = Math.floor(count / 10);
  for (const [index, person] of [...people(count + copies, seed)].entries()) {
    // Every eleventh person is not stored.
    if (index % 11 === 10) strangers.push(person);
    else {
      known.push(person);
      batch.push(person);
    }
    if (batch.length === BATCH) await flush();
  }
  const twice = [...peopleOfTwoScripts(Math.floor(count / 20), seed)];
  for (const { here } of twice) {
    batch.push(here);
    if (batch.length === BATCH) await flush();
  }
  if (batch.length > 0) await flush();

  const options = { store, table: new IdentifierTable(), weights: MATCH_WEIGHTS };
  const random = randomOf(seed + 1);
  const times: number[] = [];
  const cpu: number[] = [];
  const [same, across]: [Counts, Counts] = [
    { right: 0, wrong: 0, seen: 0 },
    { right: 0, wrong: 0, seen: 0 },
  ];
  const look = async (asked: Patient, id: string | undefined, counts: Counts = same) => {
    const [begun, used] = [performance.now(), process.cpuUsage()];
    const candidates = await candidatesFor(asked, options);
    times.push(performance.now() - begun);
    const { user, system } = process.cpuUsage(used);
    cpu.push((user + system) / 1_000);
    for (const { patient, grade } of candidates) {
      const isSure = grade === MatchGrade.certain || grade === MatchGrade.probable;
      if (patient.id === id) counts.seen += 1;
      if (isSure && patient.id === id) counts.right += 1;
      else if (isSure) counts.wrong += 1;
    }
  };
  for (const [index, person] of known.entries())
    if (index % 10 === 0) await look(copyOf(person as Patient & { id: string }, random), person.id);
  for (const { id: _, ...stranger } of strangers) await look(stranger, undefined);
  for (const { here, there } of twice) await look(there, here.id, across);
  return {
    ...figuresOf(same, copies),
    twoScripts: figuresOf(across, twice.length),
    p50: at(times, 0.5),
    p95: at(times, 0.95),
    cpu95: at(cpu, 0.95),
  };
}

/** Results for the searched people: found as the right one, as a wrong one, and at all. */
interface Counts {
  right: number;
  wrong: number;
  seen: number;
}

const at = (all: number[], share: number): number =>
  Math.round((all.toSorted((a, b) => a - b)[Math.floor(all.length * share)] ?? 0) * 10) / 10;

const round = (value: number): number => Math.round(value * 10_000) / 10_000;

const figuresOf = ({ right, wrong, seen }: Counts, of: number) => ({
  copies: of,
  recall: round(right / of),
  precision: round(right / (right + wrong)),
  found: round(seen / of),
});
