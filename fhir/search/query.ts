/**
 * The language between a FHIR search and a store: what a resource is found by (`IndexRows`), and what a question asks
 * (`StoreQuery`). It knows neither FHIR's spelling (`parse-search.ts` does) nor a database (`store/` does).
 *
 * Every search value of every parameter type becomes one of two rows:
 *
 * - a **key row**: (slot, value). `value` starts with one character that names its facet:
 *     `=`  identity, to be compared as it is.  token `=code␟system` (␟ is `SEP`; no system: `=code␟`),
 *          reference `=Patient/1` or `=http://absolute/url`, canonical and uri `=http://…`,
 *          string as it was written (for `:exact`) `=Smith`
 *     `~`  text for prefix search, folded by `fold()`: a string's words, a token's display or text (`:text`)
 *     `+`  a later part of a name, folded: found by, not sorted by
 *     `&`  how a word of a name sounds (`phonetic`)
 *     `@`  the identifier of a logical reference, as a token: `@code␟system` (`:identifier`)
 *     `#`  a reference to a contained resource, `#Type/id`: not followed and not searched, but not missing either
 *     `%`  an Identifier with its type: `%value␟typeSystem␟typeCode` (`:of-type`)
 * - a **range row**: (slot, low, high, unit). A date is [low, high] in milliseconds since 1970 in UTC, both inclusive,
 *     an open end is ±`FOREVER`. A number or quantity is [value, value]; its unit is `code␟system`, '' without one.
 *
 * A **slot** is a number for one indexed element of one type (`Observation.code`); slot / 100 is the type, so a slot
 * implies its type. One element that several parameters look at has one slot; a parameter is a list of slots.
 * Both row kinds of one resource may repeat a slot (a patient with two names). Rows of what a resource contains have slots of their own
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

/** One interval question: every given bound must hold for the row. */
export interface RangeMatch {
  lowGe?: number;
  lowGt?: number;
  lowLe?: number;
  lowLt?: number;
  highGe?: number;
  highGt?: number;
  highLe?: number;
  highLt?: number;
  /** On the row's `unit`, without facet character. */
  unit?: { eq: string } | { prefix: string };
}

/** An id that a search gives without a type, though the reference may lead to several. A store does not look at it. */
export interface BareId {
  /** The parameter as it was asked for. */
  name: string;
  id: string;
  /** The values of `any` that it stands for, by type. */
  byType: Record<string, string[]>;
}

/** One condition. A query's clauses are all required; within a clause any match is enough. */
export type Clause =
  /** Some key row in one of `slots` matches one of `any`; `not`: no such row exists. */
  | { kind: "key"; slots: number[]; any: KeyMatch[]; not?: boolean; bare?: BareId[] }
  /** Some range row in one of `slots` matches one of `any`; `not`: no such row exists. */
  | { kind: "range"; slots: number[]; any: RangeMatch[]; not?: boolean }
  /** No row of either kind is in `slots` (`missing: true`), or some is. `prefix` narrows to key rows that start so. */
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
 * One sort key. Resources without a value come last in both directions. Of several values of one resource the smallest
 * counts when ascending, the largest when descending; of a range its `edge` counts.
 */
export type SortKey =
  | { by: "updated" | "id"; desc: boolean }
  | { by: "key"; slots: number[]; facet: "=" | "~"; desc: boolean }
  | { by: "range"; slots: number[]; edge: "low" | "high"; desc: boolean };

/** Where a page ended: the sort values of its last row (null: had none), then its `seq` and id, which break ties. */
export interface Cursor {
  values: (string | number | null)[];
  seq: number;
  id: string;
}

/** One question to one owner about one type. Deleted resources never match. */
export interface StoreQuery {
  type: string;
  clauses: Clause[];
  /** After these keys always `seq` ascending, then `id` ascending; so with [] the order of creation. */
  sort: SortKey[];
  /** Only rows after this one. */
  after?: Cursor;
  /** At most so many rows (1 or more). */
  limit: number;
  /** A page ends before its JSON exceeds this (but holds at least one row). Bytes; default 4,000,000. */
  maxBytes?: number;
  /** Rows behind so much JSON come without it, but the first row comes with its own. Bytes; default: no bound. */
  jsonBytes?: number;
  /** "rows": with JSON. "ids": without JSON (chains). */
  want: "rows" | "ids";
  /** Slots whose `=` key rows come along with each row as `refs` (for _include and chains), without the facet. */
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
  /** The resource as FHIR JSON text, as it goes out; absent with want: "ids". */
  json?: string;
  /** One value per sort key, null where the resource has none. */
  values: (string | number | null)[];
  /** [slot, "Patient/1"] for each key row in the query's `refs`. */
  refs?: [slot: number, value: string][];
}

/** The answer to a `StoreQuery`. */
export interface Page {
  rows: Row[];
  /** True when at least one more row follows the last. */
  more: boolean;
}

/** Whether a range row is as a match wants it. */
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
