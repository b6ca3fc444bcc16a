/**
 * The language between a FHIR search and a store: the search values of a resource (`IndexRows`), and a question for matches
 * (`StoreQuery`). It knows neither FHIR's syntax (`parse-search.ts` does) nor a database (`store/` does).
 *
 * Every search value of every parameter type becomes one of two kinds of rows:
 *
 * - a **key row**: (slot, value). `value` begins with one character that names its facet:
 *     `=`  identity, compared as it is.  token `=code␟system` (␟ is `SEP`; without a system: `=code␟`),
 *          reference `=Patient/1` or `=http://absolute/url`, canonical and uri `=http://…`,
 *          string as it was written (for `:exact`) `=Smith`
 *     `~`  text for prefix search, folded by `fold()`: a string's words, a token's display or text (`:text`)
 *     `+`  a later part of a name, folded: it is found by, but not sorted by
 *     `&`  the sound of a word of a name (`phonetic`)
 *     `@`  the identifier of a logical reference, as a token: `@code␟system` (`:identifier`)
 *     `#`  a reference to a contained resource, `#Type/id`: neither followed nor searched, but not missing either
 *     `%`  an Identifier with its type: `%value␟typeSystem␟typeCode` (`:of-type`)
 * - a **range row**: (slot, low, high, unit). A date is [low, high] in milliseconds since 1970 in UTC, both inclusive,
 *     an open end is ±`FOREVER`. A number or quantity is [value, value]; its unit is `code␟system`, '' without one.
 *
 * A **slot** is a number for one indexed element of one type (`Observation.code`); slot / 100 is the type, so that a slot
 * implies its type. An element that several parameters read has one slot; a parameter is a list of slots.
 * Rows of either kind may repeat a slot (a patient with two names). Rows of contained resources have slots of their own
 * (`contained-slots.ts`).
 */

/** Separates the parts of a key. Cannot occur in FHIR strings, which allow no control characters but tab, CR, LF. */
export const SEP = "\u001f";

/** The open end of a Period, milliseconds; safely beyond any FHIR date (years 0001 to 9999), and an exact integer. */
export const FOREVER = 8_640_000_000_000_000;

/** One search value by which a resource is found exactly or by how it begins: the first character is its facet. */
export type KeyRow = [slot: number, value: string];
/** One search value with two ends, both inclusive: a date in milliseconds since 1970, or a number with its unit. */
export type RangeRow = [slot: number, low: number, high: number, unit: string];

/** All that one resource is found by. No row occurs twice. */
export interface IndexRows {
  keys: KeyRow[];
  ranges: RangeRow[];
}

/** One value a key row may have; the facet character is part of it. */
export type KeyMatch =
  | { eq: string }
  | { prefix: string }
  /** `facet` + anything + `part` + anything (`:contains`, `:text`). */
  | { facet: string; contains: string }
  /** `facet` + anything + `ends` (token `system|`). */
  | { facet: string; ends: string };

/** One condition on a range row; every given bound must hold. */
export interface RangeMatch {
  lowGe?: number;
  lowGt?: number;
  lowLe?: number;
  lowLt?: number;
  highGe?: number;
  highGt?: number;
  highLe?: number;
  highLt?: number;
  /** Condition on the row's `unit`, which has no facet character. */
  unit?: { eq: string } | { prefix: string };
}

/** An id without a type in a search by a reference that may lead to several types. Stores ignore it. */
export interface BareId {
  /** The parameter as the client wrote it. */
  name: string;
  id: string;
  /** The values of `any` that it stands for, by type. */
  byType: Record<string, string[]>;
}

/** One condition. All clauses of a query must hold; within a clause one match suffices. */
export type Clause =
  /** Some key row in one of `slots` matches one of `any`; `not`: no such row exists. */
  | { kind: "key"; slots: number[]; any: KeyMatch[]; not?: boolean; bare?: BareId[] }
  /** Some range row in one of `slots` matches one of `any`; `not`: no such row exists. */
  | { kind: "range"; slots: number[]; any: RangeMatch[]; not?: boolean }
  /** No row of either kind is in `slots` (`missing: true`), or some is. `prefix` restricts it to key rows with that beginning. */
  | { kind: "missing"; slots: number[]; missing: boolean; prefix?: string[] }
  /** The logical id is one of `any`; `not`: none of them. */
  | { kind: "id"; any: string[]; not?: boolean }
  /** `meta.lastUpdated`, as the interval [updated, updated] in milliseconds. */
  | { kind: "updated"; any: RangeMatch[] }
  /** At least one of the groups holds; a group is a list of clauses that all hold. */
  | { kind: "any"; of: Clause[][] }
  /** Full text: `_content` over the whole resource, `_text` over its narrative. All of some phrases, at least one, and none of others. */
  | { kind: "text"; in: "content" | "text"; any: { all: string[]; none: string[] }[] };

/**
 * One sort key. Resources without a value come last in both directions. Of several values of a resource the smallest is used when
 * ascending, the largest when descending; of a range its `edge`.
 */
export type SortKey =
  | { by: "updated" | "id"; desc: boolean }
  | { by: "key"; slots: number[]; facet: "=" | "~"; desc: boolean }
  | { by: "range"; slots: number[]; edge: "low" | "high"; desc: boolean };

/** The end of a page: the sort values of its last row (null: none), then its `seq` and id, which break ties. */
export interface Cursor {
  values: (string | number | null)[];
  seq: number;
  id: string;
}

/** One question to one owner about one type. Deleted resources never match. */
export interface StoreQuery {
  type: string;
  clauses: Clause[];
  /** Sort keys; then always `seq` ascending and `id` ascending, so that [] means the order of creation. */
  sort: SortKey[];
  /** Only rows after this one. */
  after?: Cursor;
  /** Most rows of the page, 1 or more. */
  limit: number;
  /** The page ends before its JSON exceeds this, but has at least one row. Bytes; default 4,000,000. */
  maxBytes?: number;
  /** After this much JSON, rows are returned without it, except for the first row. Bytes; default: no limit. */
  jsonBytes?: number;
  /** "rows": with JSON. "ids": without JSON (chains). */
  want: "rows" | "ids";
  /** Slots whose `=` key rows are returned with each row as `refs` (for _include and chains), without the facet. */
  refs?: number[];
}

/** One match. */
export interface Row {
  type: string;
  id: string;
  version: number;
  /** meta.lastUpdated, milliseconds since 1970. */
  updated: number;
  /** Place in the order of creation; unique in one store, not between stores. */
  seq: number;
  /** The resource as FHIR JSON text, as it is sent to clients; absent with want: "ids". */
  json?: string;
  /** One value per sort key, null where the resource has none. */
  values: (string | number | null)[];
  /** [slot, "Patient/1"] for each key row in the query's `refs`. */
  refs?: [slot: number, value: string][];
}

/** The answer to a `StoreQuery`. */
export interface Page {
  rows: Row[];
  /** Whether there are further rows. */
  more: boolean;
}

/** Whether a range row satisfies a match. */
export function rangeMatches(match: RangeMatch, low: number, high: number, unit: string): boolean {
  if (match.lowGe !== undefined && !(low >= match.lowGe)) return false;
  if (match.lowGt !== undefined && !(low > match.lowGt)) return false;
  if (match.lowLe !== undefined && !(low <= match.lowLe)) return false;
  if (match.lowLt !== undefined && !(low < match.lowLt)) return false;
  if (match.highGe !== undefined && !(high >= match.highGe)) return false;
  if (match.highGt !== undefined && !(high > match.highGt)) return false;
  if (match.highLe !== undefined && !(high <= match.highLe)) return false;
  if (match.highLt !== undefined && !(high < match.highLt)) return false;
  if (!match.unit) return true;
  return "eq" in match.unit ? unit === match.unit.eq : unit.startsWith(match.unit.prefix);
}
