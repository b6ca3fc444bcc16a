/** A parsed FHIR search, as plain data that can be sent to other services. */
import type { Clause, SortKey } from "./query.ts";

/** The conditions on resources of one type: all clauses, chains, `has` and lists must hold. */
export interface Criteria {
  type: string;
  clauses: Clause[];
  chains: Chain[];
  has: Has[];
  /** Ids of Lists (`_list`): for each group, the resource is an entry of at least one. */
  lists: string[][];
}

/** A condition on a referenced resource: `subject:Patient.name=Ann`. */
export interface Chain {
  /** The first link as it was requested, e.g. `subject:Patient`. */
  parameter: string;
  /** Slots whose `=` rows hold the references. */
  slots: number[];
  /** The reference is a canonical or uri: it names resources by their `url`, not by their id. */
  isCanonical: boolean;
  /** A referenced resource must fulfil at least one of these. */
  any: Criteria[];
}

/** A condition on a referring resource: `_has:Observation:patient:code=1234-5`. */
export interface Has {
  /** The reference parameter, e.g. `Observation:patient`. */
  parameter: string;
  /** Slots whose `=` rows hold the references, of the type of `search`. */
  slots: number[];
  /** As in Chain. */
  isCanonical: boolean;
  /** The conditions on the referring resources. */
  search: Criteria;
}

/** One `_include` or `_revinclude`. */
export interface Include {
  /** The type that holds the reference. */
  source: string;
  /** Code of the reference parameter; "*" for all. */
  param: string;
  /** Only references to these types are followed; absent: to any. */
  targets?: string[];
  /** Whether it also applies to resources that were included. */
  iterate: boolean;
  /** Slots of `source` whose `=` rows hold the references. */
  slots: number[];
  wildcard: boolean;
  /** Slots (of `slots`) whose references are canonical addresses or uris. */
  canonicalSlots: number[];
}

/** Values of `_summary`. */
export type Summary = "true" | "text" | "data" | "count" | "false";
/** Values of `_total`. */
export type Total = "none" | "estimate" | "accurate";

/** A parsed search request. */
export interface ParsedSearch extends Criteria {
  sort: SortKey[];
  /**
   * The order of results without `_sort` when no criterion is an equality: that of the one index that narrows the search. The matches are
   * the same in any order; a store that uses it need not sort.
   */
  implicitSort?: SortKey;
  /** `_count`, without an upper limit; 0 asks for the total only. */
  count?: number;
  include: Include[];
  revinclude: Include[];
  total?: Total;
  summary?: Summary;
  elements?: string[];
  /** Parameters that were used, for the self link. */
  used: [name: string, value: string][];
  /** Parameters that were ignored, and why. */
  ignored: { name: string; reason: string }[];
}
