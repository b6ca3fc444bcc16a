/**
 * Reads what a board shows from the services that own it, with one call to each service per round. Parts of a service that is down or
 * does not answer in time are unknown; parts that the caller may not see are not read.
 */
import { Errors } from "moleculer";
import type { Encounter, ResourceOf, ResourceType } from "../../../fhir/r4.ts";
import { codesClause, idClause, referenceClause, tokenClause } from "../../../fhir/search/exact-clauses.ts";
import type { Clause, Page, Row, StoreQuery } from "../../../fhir/search/query.ts";
import { ownerOf } from "../../../federation/owner-contract.ts";
import type { QueryContext } from "../../../federation/query-context.ts";
import { OPEN_STATUSES } from "../../../fhir/open-encounters.ts";
import type { Rights } from "../../../mesh/access/access.ts";
import { INPATIENT } from "../../hospitalizations/hospitalizations.contract.ts";
import { CRITICAL } from "../../lab/bench.contract.ts";
import { pharmacy } from "../../pharmacy/pharmacy.contract.ts";
import { BoardPart } from "../board.contract.ts";
import { openIn } from "../occupancy.ts";
import type { Found, Versions } from "./versions.ts";

/** The answers to one round of questions. */
export interface Answers {
  of<Type extends ResourceType>(type: Type): Found<ResourceOf<Type>>[];
  /** Parts for which some service did not answer, with these services. */
  unknown: Map<BoardPart, Set<string>>;
}

/** One question, and the part of the board that it serves. */
export interface BoardQuestion {
  part: BoardPart;
  query: StoreQuery;
}

/** Resources per page of an answer. */
const PAGE = 1_000;
/** Pages of one question: more than any hospital has patients. */
const MAX_PAGES = 10;
/** Time limit of an answer, milliseconds; after it the service's parts are unknown. */
export const ASKED_MS = 2_000;
/** Admission requests that are shown. */
const MAX_WAITING = 200;

const isInpatient = (): Clause => codesClause("Encounter", "class", INPATIENT);
const isOpenStay = (): Clause[] => [isInpatient(), codesClause("Encounter", "status", OPEN_STATUSES)];

const openVisits = (beds: string[]): Clause[] => [
  ...openIn(beds),
  { ...codesClause("Encounter", "class", INPATIENT), not: true } as Clause,
];

/** Questions for the open stays in these places (`Location/…`; absent: all), for visits in one of the beds, and for admission requests. */
export function stayQuestions(places: string[] | undefined, beds: string[]): BoardQuestion[] {
  const here = places ? [referenceClause("Encounter", "location", places)] : [];
  const planned = [isInpatient(), codesClause("Encounter", "status", ["planned"])];
  return [
    { part: BoardPart.stays, query: { type: "Encounter", clauses: [...isOpenStay(), ...here], sort: [], limit: PAGE, want: "ids" } },
    ...(beds.length > 0
      ? [{ part: BoardPart.stays, query: { type: "Encounter", clauses: openVisits(beds), sort: [], limit: PAGE, want: "ids" as const } }]
      : []),
    { part: BoardPart.stays, query: { type: "Encounter", clauses: planned, sort: [], limit: MAX_WAITING, want: "ids" } },
  ];
}

/** The question for the open stays of these patients. */
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

/** Questions about these patients ("Patient/…"), and for the diagnoses of their stays ("Condition/…"). */
export function patientQuestions(patients: string[], conditions: string[]): BoardQuestion[] {
  const all = (type: ResourceType, clauses: Clause[]): StoreQuery => ({ type, clauses, sort: [], limit: PAGE, want: "ids" });
  const ids = (references: string[]) => idClause(references.map((it) => it.slice(it.indexOf("/") + 1)));
  const diagnoses = conditions.length > 0 ? [{ part: BoardPart.diagnoses, query: all("Condition", [ids(conditions)]) }] : [];
  if (patients.length === 0) return diagnoses;
  return [
    { part: BoardPart.patients, query: all("Patient", [ids(patients)]) },
    { part: BoardPart.allergies, query: all("AllergyIntolerance", [referenceClause("AllergyIntolerance", "patient", patients)]) },
    { part: BoardPart.isolation, query: all("Flag", [referenceClause("Flag", "patient", patients)]) },
    ...diagnoses,
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
        codesClause("ServiceRequest", "status", ["active"]),
        codesClause("ServiceRequest", "intent", ["order", "original-order", "filler-order", "instance-order", "reflex-order"]),
      ]),
    },
  ];
}

/** The type of each part. */
const TYPE_OF: Partial<Record<BoardPart, ResourceType>> = {
  stays: "Encounter",
  patients: "Patient",
  allergies: "AllergyIntolerance",
  isolation: "Flag",
  diagnoses: "Condition",
  requests: "ServiceRequest",
  results: "Observation",
};

/** Parts that a caller with these rights may not see. @param rights undefined: everything is permitted */
export function hiddenFrom(rights: Rights | undefined): BoardPart[] {
  if (!rights) return [];
  const hidden = Object.entries(TYPE_OF).flatMap(([part, type]) => (rights.with(type, "s") !== "all" ? [part as BoardPart] : []));
  return rights.mayCall(pharmacy.countDue.action) ? hidden : [...hidden, BoardPart.doses];
}

/** Asks the owners. @throws errors that are not failures of a single service */
export async function ask({ caller, directory }: QueryContext, questions: BoardQuestion[], versions: Versions): Promise<Answers> {
  const unknown: Answers["unknown"] = new Map();
  const noteUnknown = ({ part }: BoardQuestion, service: string) => unknown.set(part, (unknown.get(part) ?? new Set()).add(service));
  const perOwner = new Map<string, BoardQuestion[]>();
  for (const question of questions) {
    // A service that owns nothing of the type is not asked.
    for (const { service, alive } of directory.known(question.query.type)) {
      if (alive) perOwner.set(service, [...(perOwner.get(service) ?? []), question]);
      else noteUnknown(question, service);
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
          // A resource that moves between two owners is found at both: the newer version is used.
          if ((ofType.get(id)?.version ?? 0) < one.version) ofType.set(id, one);
        }
      } catch (error) {
        if (!isFailure(error)) throw error;
        for (const question of asked) noteUnknown(question, service);
      }
    }),
  );
  return {
    // The map's entries are of the type.
    of: <Type extends ResourceType>(type: Type) => [...(found.get(type)?.values() ?? [])] as unknown as Found<ResourceOf<Type>>[],
    unknown,
  };
}

/** What the owners answered last to the questions for stays, as far as it is cached. It may be out of date, and may not be shown. */
export const lastAnswers = ({ directory }: QueryContext, questions: BoardQuestion[], versions: Versions): Found<Encounter>[] =>
  questions.flatMap(({ query }) =>
    // The questions are those for stays.
    directory.known(query.type).flatMap(({ service }) => (versions.answer(nameOf(service, query))?.found ?? []) as Found<Encounter>[]),
  );

/** The answers to two rounds of questions about different patients. */
export const withMore = (first: Answers, more: Answers): Answers => ({
  of: (type) => [...first.of(type), ...more.of(type)],
  unknown: new Map(
    [...first.unknown, ...more.unknown].map(([part]) => [part, new Set([first, more].flatMap((it) => [...(it.unknown.get(part) ?? [])]))]),
  ),
});

const nameOf = (service: string, query: StoreQuery): string => `${service} ${JSON.stringify(query)}`;

interface Source {
  caller: QueryContext["caller"];
  service: string;
}

/**
 * The matches of one service: their versions, and the text of those that are not cached. If the owner confirms its last answer, for the
 * present caller too, that one is used.
 */
async function foundBy(source: Source, asked: BoardQuestion[], versions: Versions): Promise<Found[]> {
  const { caller, service } = source;
  const queries = asked.map(({ query }) => query);
  const names = queries.map((query) => nameOf(service, query));
  const before = names.map((name) => versions.answer(name));
  const how = { queries, isKept: true, tags: before.map((answer) => answer?.tag ?? "") };
  const pages = await ownerOf(service).searchMany(caller, how, { timeout: ASKED_MS });
  const rows = await Promise.all(pages.map(async (page, index) => [...page.rows, ...(await restOf(source, queries[index], page))]));
  const read = await readUnknown(source, rows.flat(), versions);
  return pages.flatMap((page, index) => {
    const last = page.isSame ? before[index] : undefined;
    if (last) return last.found;
    const known = (rows[index] ?? []).map((row) => versions.of(row));
    // A resource that has changed meanwhile is used as it was read, and asked for again next time.
    const found = (rows[index] ?? []).flatMap((row, at) => known[at] ?? read.get(`${row.type}/${row.id}`) ?? []);
    if (page.tag !== undefined && !page.more && known.every((it) => it !== undefined)) {
      versions.noteAnswer(names[index] as string, { tag: page.tag, found });
    }
    return found;
  });
}

/** Reads the versions that are not cached. @returns by `Type/id` */
async function readUnknown(source: Source, rows: Row[], versions: Versions): Promise<Map<string, Found>> {
  const read = new Map<string, Found>();
  const unread = new Map<string, string[]>();
  for (const row of rows) if (!versions.of(row)) unread.set(row.type, [...(unread.get(row.type) ?? []), row.id]);
  const queries: StoreQuery[] = [];
  for (const [type, ids] of unread) {
    for (let at = 0; at < ids.length; at += PAGE) {
      queries.push({ type, clauses: [idClause(ids.slice(at, at + PAGE))], sort: [], limit: PAGE, want: "rows" });
    }
  }
  if (queries.length === 0) return read;
  const pages = await ownerOf(source.service).searchMany(source.caller, { queries }, { timeout: ASKED_MS });
  for (const [index, page] of pages.entries()) {
    for (const { json, ...row } of [...page.rows, ...(await restOf(source, queries[index], page))]) {
      if (json !== undefined) read.set(`${row.type}/${row.id}`, versions.note({ ...row, json }));
    }
  }
  return read;
}

/** The pages after the first. */
async function restOf({ caller, service }: Source, query: StoreQuery | undefined, first: Page): Promise<Row[]> {
  const rows: Row[] = [];
  let page = first;
  for (let pages = 1; query && page.more && query.limit === PAGE && pages < MAX_PAGES; pages += 1) {
    const last = page.rows.at(-1);
    if (!last) break;
    const after = { values: last.values, seq: last.seq, id: last.id };
    page = await ownerOf(service).search(caller, { query: { ...query, after } }, { timeout: ASKED_MS });
    rows.push(...page.rows);
  }
  return rows;
}

/** Whether a service has failed rather than refused: it is down, too slow, or overloaded. */
export const isFailure = (error: unknown): boolean =>
  error instanceof Errors.MoleculerRetryableError || (error as { code?: number }).code === 504;
