/** Parses a FHIR search request (R4 3.1.1). */
import { FhirError, fhirError } from "../outcome.ts";
import { addResultParameter, isResultParameter } from "./result-parameters.ts";
import { MAX_LENGTH } from "./clauses.ts";
import { fewerClauses } from "./fewer-clauses.ts";
import { addCriterion, isTextSearch, Unknown } from "./criterion.ts";
import type { Criteria, ParsedSearch } from "./criteria.ts";
import { isResourceType } from "./parameters.ts";
import type { Clause, SortKey } from "./query.ts";
import type { DateReading } from "./types/date.ts";
import { nonNull } from "../non-null.ts";

/** Limits of one request; a request beyond them is refused before any work is done. */
export const MAX_PARAMETERS = 100;
/** A longer list of values is refused. */
const MAX_LIST_LENGTH = 1_000_000; // characters of all values of one parameter
const MAX_MATCHES = 10_000; // values that a store compares with, in all clauses together; SQLite takes 32,766 parameters, some values two

/** Conditions that a store combines in one statement: a composite value has two, a phonetic name one for each word. */
const MAX_CONDITIONS = 500;

/** Settings that affect the meaning of a search. */
export interface ParseOptions {
  /** The server's base URL without a slash at its end; absolute references under it equal relative ones. "" for none. */
  base: string;
  /** Other base URLs under which clients may know it; default: none. */
  bases?: readonly string[] | undefined;
  /** Handling of an unknown parameter: strict refuses it, lenient ignores it and lists it in `ignored`. */
  handling: "strict" | "lenient";
  /** Milliseconds since 1970, for `ap`; default: the clock. */
  now?: number;
  /** How `ge` and `le` compare periods; default: R4's letter. */
  dates?: DateReading | undefined;
}

/**
 * @param pairs the request's parameters, decoded, in their order
 * @throws FhirError with every fault: 400 for invalid ones, 501 for unsupported ones
 */
export function parseSearch(type: string, pairs: [name: string, value: string][], options: ParseOptions): ParsedSearch {
  if (!isResourceType(type)) throw fhirError(404, "not-supported", `"${type.slice(0, 64)}" is no resource type of R4.`);
  if (pairs.length > MAX_PARAMETERS) {
    throw fhirError(400, "too-costly", `The search has ${pairs.length} parameters; ${MAX_PARAMETERS} are the most.`);
  }
  const search: ParsedSearch = {
    type,
    clauses: [],
    chains: [],
    has: [],
    lists: [],
    sort: [],
    include: [],
    revinclude: [],
    used: [],
    ignored: [],
  };
  const base = options.base.replace(/\/+$/, "");
  const context = {
    base,
    bases: [base, ...(options.bases ?? [])],
    now: options.now ?? Date.now(),
    budget: { left: 100 },
    ...(options.dates && { dates: options.dates }),
  };
  const faults: FhirError[] = [];
  for (const [name, value] of pairs) {
    try {
      checkForm(name, value);
      // An empty parameter is no error (R4 3.1.1.3): HTML forms send them.
      if (value === "") search.ignored.push({ name, reason: "It has no value." });
      else if (isResultParameter(name)) addResultParameter(search, name, value);
      else addCriterion(search, name, value, context);
      if (value !== "" && name !== "_format" && name !== "_pretty") search.used.push([name, value]);
    } catch (error) {
      if (error instanceof Unknown && options.handling === "lenient") search.ignored.push({ name, reason: error.message });
      else if (error instanceof FhirError) faults.push(error);
      else throw error;
    }
  }
  if (search.summary === "text" && (search.include.length || search.revinclude.length)) {
    faults.push(fhirError(400, "invalid", '"_summary=text" cannot be combined with "_include" or "_revinclude".', "_summary"));
  }
  if (faults.length) throw together(faults);
  if (matchesOf(search) > MAX_MATCHES || conditionsOf(search) > MAX_CONDITIONS) {
    throw fhirError(400, "too-costly", "The search has too many values: give fewer, or name the types of its references.");
  }
  const found = { ...search, clauses: fewerClauses(search.clauses) };
  const implicitSort = search.sort.length ? undefined : walkable(found);
  return implicitSort ? { ...found, implicitSort } : found;
}

function checkForm(name: string, value: string): void {
  // Only a list may be longer than a value.
  const most = isResultParameter(name) || isTextSearch(name) ? MAX_LENGTH : MAX_LIST_LENGTH;
  if (name.length > 1_000) throw fhirError(400, "too-costly", "The name of a parameter is over 1000 characters long.");
  if (value.length > most) throw fhirError(400, "too-long", `"${name}" is ${value.length} characters long; ${most} are the most.`, name);
  // No text in FHIR contains it, and not every index treats it as a character.
  if (name.includes("\0") || value.includes("\0")) {
    throw fhirError(400, "value", "A search contains the character NUL, which FHIR does not allow.");
  }
}

/** Number of values that its clauses compare with. */
function matchesOf({ clauses, chains, has }: Criteria): number {
  const far = [...chains.flatMap((chain) => chain.any), ...has.map(({ search }) => search)];
  return sum(clauses.map(sizeOf)) + sum(far.map(matchesOf));
}

function conditionsOf({ clauses, chains, has }: Criteria): number {
  const far = [...chains.flatMap((chain) => chain.any), ...has.map(({ search }) => search)];
  return sum(clauses.map((clause) => (clause.kind === "any" ? clause.of.flat().length : 1))) + sum(far.map(conditionsOf));
}

function sizeOf(clause: Clause): number {
  if (clause.kind === "any") return sum(clause.of.flat().map(sizeOf));
  return "any" in clause ? clause.any.length : 1;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function together(faults: FhirError[]): FhirError {
  const status = faults.every((fault) => fault.status === 501) ? 501 : 400;
  return new FhirError(
    status,
    faults.flatMap((fault) => fault.issues),
  );
}

/** The order of the one index that narrows the search, if no criterion is an equality. */
function walkable({ clauses }: ParsedSearch): SortKey | undefined {
  if (clauses.some(isEquality)) return undefined;
  for (const clause of clauses) {
    if (clause.kind !== "range" || clause.not || clause.any.length !== 1) continue;
    const match = nonNull(clause.any[0]);
    const isLow = match.lowGe !== undefined || match.lowGt !== undefined || match.lowLe !== undefined || match.lowLt !== undefined;
    return { by: "range", slots: clause.slots, edge: isLow ? "low" : "high", desc: false };
  }
  const texts = clauses.filter((clause) => clause.kind === "key" && !clause.not);
  const [text] = texts;
  if (text?.kind !== "key") return undefined;
  const [match, ...more] = text.any;
  const isPrefix = more.length === 0 && match !== undefined && "prefix" in match && match.prefix.startsWith("~");
  return isPrefix && texts.length === 1 ? { by: "key", slots: text.slots, facet: "~", desc: false } : undefined;
}

function isEquality(clause: Clause): boolean {
  if (clause.kind === "id") return !clause.not;
  return (
    clause.kind === "key" &&
    !clause.not &&
    clause.any.every((match) => "eq" in match || ("prefix" in match && !match.prefix.startsWith("~")))
  );
}
