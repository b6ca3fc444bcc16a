/**
 * What a board asks of the services that know a part of it: two rounds, one call to each service a round. Who is down, or does not answer in
 * time, leaves its parts unknown; what the caller may not see is not asked for.
 */
import { Errors } from "moleculer";
import type { ResourceOf, ResourceType } from "../../../fhir/r4.ts";
import { idClause, referenceClause, requireParameter, tokenClause } from "../../../fhir/search/exact-clauses.ts";
import { type Clause, type KeyMatch, type Row, SEP, type StoreQuery } from "../../../fhir/search/query.ts";
import { ownerOf } from "../../../federation/owner-contract.ts";
import type { QueryContext } from "../../../federation/query-context.ts";
import type { Rights } from "../../../mesh/access/access.ts";
import { INPATIENT } from "../../hospitalizations/hospitalizations.contract.ts";
import { CRITICAL } from "../../lab/bench.contract.ts";
import { pharmacy } from "../../pharmacy/pharmacy.contract.ts";
import { BoardPart } from "../board.contract.ts";
import type { Found, Versions } from "./versions.ts";

/** What one round of questions has found. */
export interface Answers {
  of<Type extends ResourceType>(type: Type): Found<ResourceOf<Type>>[];
  /** Parts that some service could not tell. */
  unknown: Set<BoardPart>;
}

/** One question, and the part of the board that it is for. */
export interface BoardQuestion {
  part: BoardPart;
  query: StoreQuery;
}

/** Resources in one answer; a page that has more is followed by the next. */
const PAGE = 1_000;
/** Pages of one question: more than any hospital has patients. */
const MAX_PAGES = 10;
/** How long a service is waited for; what it knows is unknown then. Milliseconds. */
export const ASKED_MS = 2_000;
/** Requests for admission that are shown. */
export const MAX_WAITING = 200;

const code = (value: string): KeyMatch => ({ prefix: `=${value}${SEP}` });
const codes = (type: string, parameter: string, values: string[]): Clause => ({
  kind: "key",
  slots: requireParameter(type, parameter).slots,
  any: values.map(code),
});

const isInpatient = (): Clause => codes("Encounter", "class", INPATIENT);
const isOpenStay = (): Clause[] => [isInpatient(), codes("Encounter", "status", ["arrived", "triaged", "in-progress", "onleave"])];

/** Open stays in these places (`Location/…`), all without them, and requests for admission. */
export function stayQuestions(places: string[] | undefined): BoardQuestion[] {
  const here = places ? [referenceClause("Encounter", "location", places)] : [];
  const planned = [isInpatient(), codes("Encounter", "status", ["planned"])];
  return [
    { part: BoardPart.stays, query: { type: "Encounter", clauses: [...isOpenStay(), ...here], sort: [], limit: PAGE, want: "ids" } },
    { part: BoardPart.stays, query: { type: "Encounter", clauses: planned, sort: [], limit: MAX_WAITING, want: "ids" } },
  ];
}

/** The open stays of these patients. */
export const openStaysOf = (patients: string[]): BoardQuestion[] => [
  {
    part: BoardPart.stays,
    query: {
      type: "Encounter",
      clauses: [...isOpenStay(), referenceClause("Encounter", "patient", patients)],
      sort: [],
      limit: PAGE,
      want: "ids",
    },
  },
];

/** What is asked of these patients ("Patient/…"), and of diagnoses of their stays ("Condition/…"). */
export function patientQuestions(patients: string[], conditions: string[]): BoardQuestion[] {
  if (patients.length === 0) return [];
  const all = (type: ResourceType, clauses: Clause[]): StoreQuery => ({ type, clauses, sort: [], limit: PAGE, want: "ids" });
  const ids = (references: string[]) => idClause(references.map((it) => it.slice(it.indexOf("/") + 1)));
  return [
    { part: BoardPart.patients, query: all("Patient", [ids(patients)]) },
    { part: BoardPart.allergies, query: all("AllergyIntolerance", [referenceClause("AllergyIntolerance", "patient", patients)]) },
    { part: BoardPart.isolation, query: all("Flag", [referenceClause("Flag", "patient", patients)]) },
    ...(conditions.length > 0 ? [{ part: BoardPart.diagnoses, query: all("Condition", [ids(conditions)]) }] : []),
    {
      part: BoardPart.results,
      query: all("Observation", [
        tokenClause("Observation", "_tag", { system: CRITICAL.system, value: CRITICAL.waiting }),
        referenceClause("Observation", "subject", patients),
      ]),
    },
    {
      part: BoardPart.requests,
      query: all("ServiceRequest", [
        referenceClause("ServiceRequest", "subject", patients),
        codes("ServiceRequest", "status", ["active"]),
        codes("ServiceRequest", "intent", ["order", "original-order", "filler-order", "instance-order", "reflex-order"]),
      ]),
    },
  ];
}

/** Which type tells of each part. */
const TYPE_OF: Partial<Record<BoardPart, ResourceType>> = {
  stays: "Encounter",
  patients: "Patient",
  allergies: "AllergyIntolerance",
  isolation: "Flag",
  diagnoses: "Condition",
  requests: "ServiceRequest",
  results: "Observation",
};

/** Parts that somebody with these rights does not see. @param rights undefined: everything is open */
export function hiddenFrom(rights: Rights | undefined): BoardPart[] {
  if (!rights) return [];
  const hidden = Object.entries(TYPE_OF).flatMap(([part, type]) => (rights.with(type, "s") !== "all" ? [part as BoardPart] : []));
  return rights.mayCall(pharmacy.countDue.action) ? hidden : [...hidden, BoardPart.doses];
}

/** Puts the questions to the owners of their types. @throws what is no failure of one service alone */
export async function ask({ caller, directory }: QueryContext, questions: BoardQuestion[], versions: Versions): Promise<Answers> {
  const unknown = new Set<BoardPart>();
  const perOwner = new Map<string, BoardQuestion[]>();
  for (const question of questions) {
    // Who owns nothing of the type asks nobody: then nobody here keeps such a thing.
    for (const { service, alive } of directory.known(question.query.type)) {
      if (alive) perOwner.set(service, [...(perOwner.get(service) ?? []), question]);
      else unknown.add(question.part);
    }
  }
  const found = new Map<string, Map<string, Found>>();
  await Promise.all(
    [...perOwner].map(async ([service, asked]) => {
      try {
        for (const one of await foundBy({ caller, service }, asked, versions)) {
          const { resourceType, id } = one.resource;
          const ofType = found.get(resourceType) ?? new Map<string, Found>();
          found.set(resourceType, ofType);
          // What is on its way between two owners is seen with both: the newer one counts.
          if ((ofType.get(id)?.version ?? 0) < one.version) ofType.set(id, one);
        }
      } catch (error) {
        if (!isFailure(error)) throw error;
        for (const { part } of asked) unknown.add(part);
      }
    }),
  );
  return {
    of: <Type extends ResourceType>(type: Type) => [...(found.get(type)?.values() ?? [])] as unknown as Found<ResourceOf<Type>>[],
    unknown,
  };
}

interface Source {
  caller: QueryContext["caller"];
  service: string;
}

/** What one service has found: which versions, and of those that are not remembered the text. */
async function foundBy(source: Source, asked: BoardQuestion[], versions: Versions): Promise<Found[]> {
  const found: Found[] = [];
  const unread = new Map<string, string[]>();
  const queries = asked.map(({ query }) => query);
  for (const row of await rowsOf(source, queries, true)) {
    const known = versions.of(row);
    if (known) found.push(known);
    else unread.set(row.type, [...(unread.get(row.type) ?? []), row.id]);
  }
  if (unread.size === 0) return found;
  const reads = [...unread].map(([type, ids]): StoreQuery => ({ type, clauses: [idClause(ids)], sort: [], limit: PAGE, want: "rows" }));
  for (const { json, ...row } of await rowsOf(source, reads)) if (json !== undefined) found.push(versions.note({ ...row, json }));
  return found;
}

/** All pages of all questions to one service, asked together. */
async function rowsOf({ caller, service }: Source, questions: StoreQuery[], isKept = false): Promise<Row[]> {
  const rows: Row[] = [];
  let queries = questions;
  for (let page = 0; queries.length > 0 && page < MAX_PAGES; page += 1) {
    const answers = await ownerOf(service).searchMany(caller, { queries, ...(isKept && { isKept }) }, { timeout: ASKED_MS });
    for (const answer of answers) rows.push(...answer.rows);
    queries = queries.flatMap((query, index) => {
      const last = answers[index]?.rows.at(-1);
      if (!answers[index]?.more || !last || query.limit < PAGE) return [];
      return [{ ...query, after: { values: last.values, seq: last.seq, id: last.id } }];
    });
  }
  return rows;
}

/** Whether a service has failed, rather than refused: it is down, too slow, or has too much to do. */
export const isFailure = (error: unknown): boolean =>
  error instanceof Errors.MoleculerRetryableError || (error as { code?: number }).code === 504;
