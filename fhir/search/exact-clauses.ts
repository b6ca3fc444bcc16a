/**
 * Clauses for exact values, for internal questions: services, chains, compartments. Queries of clients are parsed by `parseSearch`. The form of
 * values in the index is known only here and in `types/`, which has a file for each type of parameter.
 */
import type { Interval } from "../dates.ts";
import { parametersOf, type SearchParameter } from "./parameters.ts";
import { type Clause, type KeyMatch, SEP } from "./query.ts";

/**
 * A search parameter that must exist.
 * @throws Error for a parameter that R4 does not define for the type, which is a bug
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

/** Matches a row with exactly this reference (`Patient/1`), uri or string. */
export const exactly = (value: string): KeyMatch & { eq: string } => ({ eq: `=${value}` });

/** Matches a row with a reference to any resource of this type. */
export const toAnyOf = (type: string): KeyMatch => ({ prefix: `=${type}/` });

/** Matches a row with a reference to a contained resource of this type. */
export const toContained = (type: string): KeyMatch => ({ prefix: `#${type}/` });

/** Matches a row with a reference by identifier only. */
export const BY_IDENTIFIER: KeyMatch = { prefix: "@" };

/** Matches a row with a reference by exactly this identifier. @param system "" for one without */
export const byIdentifier = (system: string, value: string): KeyMatch => ({ eq: `@${value}${SEP}${system}` });

/** Matches a row with exactly this code or identifier. @param system "" for one without */
export const exactToken = (system: string, value: string): KeyMatch => ({ eq: `=${value}${SEP}${system}` });

/** Matches any row. */
const ANYTHING: KeyMatch = { prefix: "=" };

/** One of the values is in one of the slots. */
export const anyOfValues = (slots: number[], values: Iterable<string>): Clause => ({ kind: "key", slots, any: [...values].map(exactly) });

/**
 * Resources with this code or identifier; without `token`: with any.
 * @throws Error for a parameter that R4 does not define, or that is not a token
 */
export function tokenClause(type: string, code: string, token?: { system: string; value: string }): Clause {
  return { kind: "key", slots: slotsOfType(type, code, "token"), any: [token ? exactToken(token.system, token.value) : ANYTHING] };
}

/**
 * Resources with one of these codes, in any system.
 * @throws Error for a parameter that R4 does not define, or that is not a token
 */
export function codesClause(type: string, code: string, codes: readonly string[]): Clause {
  return { kind: "key", slots: slotsOfType(type, code, "token"), any: codes.map((value) => ({ prefix: `=${value}${SEP}` })) };
}

/**
 * Resources with one of these whole texts, in any spelling that folds to it.
 * @param texts folded (`fold`)
 * @throws Error for a parameter that R4 does not define, or that is not a string
 */
export function textClause(type: string, code: string, texts: readonly string[]): Clause {
  return { kind: "key", slots: slotsOfType(type, code, "string"), any: texts.map((text) => ({ eq: `~${text}` })) };
}

/**
 * Resources whose date or period overlaps the time from `since` to `until`, both inclusive, milliseconds since 1970; each may be absent.
 * @throws Error for a parameter that R4 does not define, or that is not a date
 */
export function timeClause(type: string, code: string, { since, until }: { since?: number; until?: number }): Clause {
  const within = { ...(since !== undefined && { highGe: since }), ...(until !== undefined && { lowLe: until }) };
  return { kind: "range", slots: slotsOfType(type, code, "date"), any: [within] };
}

/**
 * Resources whose date or period begins in one of these intervals, both ends inclusive, milliseconds since 1970; a date begins with the day.
 * @throws Error for a parameter that R4 does not define, or that is not a date
 */
export function beginClause(type: string, code: string, times: readonly Interval[]): Clause {
  const any = times.map(([lowGe, lowLe]) => ({ lowGe, lowLe }));
  return { kind: "range", slots: slotsOfType(type, code, "date"), any };
}

/**
 * Resources that refer to one of these (`Patient/1`).
 * @throws Error for a parameter that R4 does not define, or that is not a reference
 */
export function referenceClause(type: string, code: string, references: readonly string[]): Clause {
  return anyOfValues(slotsOfType(type, code, "reference"), references);
}

/** Resources with one of these logical ids. */
export const idClause = (ids: readonly string[]): Clause => ({ kind: "id", any: [...ids] });

/** Code and system of a token's row, without its facet, as `distinct` and `refs` return them. */
export function tokenOfRow(row: string): { code: string; system: string } {
  const [code = "", system = ""] = row.split(SEP);
  return { code, system };
}

function slotsOfType(type: string, code: string, expected: SearchParameter["type"]): number[] {
  const parameter = requireParameter(type, code);
  if (parameter.type !== expected) throw new Error(`The search parameter "${code}" of ${type} is a ${parameter.type}, not a ${expected}.`);
  return parameter.slots;
}
