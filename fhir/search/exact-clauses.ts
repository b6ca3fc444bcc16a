/**
 * Clauses that ask for exact values, for code that knows its question: services, chains, compartments. What a client writes into a URL
 * goes through `parseSearch`. How a value stands in the index is known here, and in `types/`, a file for each type of parameter.
 */
import type { Interval } from "../dates.ts";
import { parametersOf, type SearchParameter } from "./parameters.ts";
import { type Clause, type KeyMatch, SEP } from "./query.ts";

/**
 * A search parameter that is known to be there.
 * @throws Error for a parameter that R4 does not define for the type: a fault of ours, never of a client
 */
export function requireParameter(type: string, code: string): SearchParameter {
  const parameter = parametersOf(type).get(code);
  if (!parameter) throw new Error(`R4 defines no search parameter "${code}" for ${type}.`);
  return parameter;
}

/** The slots of several parameters of a type, each once. @throws Error for a parameter that R4 does not define */
export const slotsOfParameters = (type: string, codes: readonly string[]): number[] => [
  ...new Set(codes.flatMap((code) => requireParameter(type, code).slots)),
];

/** A row that holds exactly this reference (`Patient/1`), uri or string. */
export const exactly = (value: string): KeyMatch & { eq: string } => ({ eq: `=${value}` });

/** A row that holds a reference to any resource of this type. */
export const toAnyOf = (type: string): KeyMatch => ({ prefix: `=${type}/` });

/** A row that holds a reference to a contained resource of this type. */
export const toContained = (type: string): KeyMatch => ({ prefix: `#${type}/` });

/** A row that holds a reference by identifier only. */
export const BY_IDENTIFIER: KeyMatch = { prefix: "@" };

/** A row that holds a reference by exactly this identifier. @param system "" for one without */
export const byIdentifier = (system: string, value: string): KeyMatch => ({ eq: `@${value}${SEP}${system}` });

/** A row that holds exactly this code or identifier. @param system "" for one without */
export const exactToken = (system: string, value: string): KeyMatch => ({ eq: `=${value}${SEP}${system}` });

/** A row that holds anything at all. */
const ANYTHING: KeyMatch = { prefix: "=" };

/** One of the values stands in one of the slots. */
export const anyOfValues = (slots: number[], values: Iterable<string>): Clause => ({ kind: "key", slots, any: [...values].map(exactly) });

/**
 * Resources with this code or identifier; without a value: with any.
 * @throws Error for a parameter that R4 does not define, or that is no token
 */
export function tokenClause(type: string, code: string, token?: { system: string; value: string }): Clause {
  return { kind: "key", slots: slotsOfType(type, code, "token"), any: [token ? exactToken(token.system, token.value) : ANYTHING] };
}

/**
 * Resources with one of these codes, whatever its system.
 * @throws Error for a parameter that R4 does not define, or that is no token
 */
export function codesClause(type: string, code: string, codes: readonly string[]): Clause {
  return { kind: "key", slots: slotsOfType(type, code, "token"), any: codes.map((value) => ({ prefix: `=${value}${SEP}` })) };
}

/**
 * Resources with one of these texts, whole, however it is written.
 * @param texts folded (`fold`)
 * @throws Error for a parameter that R4 does not define, or that is no string
 */
export function textClause(type: string, code: string, texts: readonly string[]): Clause {
  return { kind: "key", slots: slotsOfType(type, code, "string"), any: texts.map((text) => ({ eq: `~${text}` })) };
}

/**
 * Resources whose date or period touches the time from `since` to `until`, both included, milliseconds since 1970; each may be absent.
 * @throws Error for a parameter that R4 does not define, or that is no date
 */
export function timeClause(type: string, code: string, { since, until }: { since?: number; until?: number }): Clause {
  const within = { ...(since !== undefined && { highGe: since }), ...(until !== undefined && { lowLe: until }) };
  return { kind: "range", slots: slotsOfType(type, code, "date"), any: [within] };
}

/**
 * Resources whose date or period begins in one of these times, both ends included, milliseconds since 1970: a date begins with its first moment.
 * @throws Error for a parameter that R4 does not define, or that is no date
 */
export function beginClause(type: string, code: string, times: readonly Interval[]): Clause {
  const any = times.map(([lowGe, lowLe]) => ({ lowGe, lowLe }));
  return { kind: "range", slots: slotsOfType(type, code, "date"), any };
}

/**
 * Resources that refer to one of these (`Patient/1`).
 * @throws Error for a parameter that R4 does not define, or that is no reference
 */
export function referenceClause(type: string, code: string, references: readonly string[]): Clause {
  return anyOfValues(slotsOfType(type, code, "reference"), references);
}

/** Resources with one of these logical ids. */
export const idClause = (ids: readonly string[]): Clause => ({ kind: "id", any: [...ids] });

/** The code and the system of a token's row, without its facet, as `distinct` and `refs` give them. */
export function tokenOfRow(row: string): { code: string; system: string } {
  const [code = "", system = ""] = row.split(SEP);
  return { code, system };
}

function slotsOfType(type: string, code: string, expected: SearchParameter["type"]): number[] {
  const parameter = requireParameter(type, code);
  if (parameter.type !== expected) throw new Error(`The search parameter "${code}" of ${type} is a ${parameter.type}, not a ${expected}.`);
  return parameter.slots;
}
