/** A FHIR search, understood: plain data, so that it can go to other services. */
import type { Clause, SortKey } from "./query.ts";

/** What resources of one type must fulfil: all clauses, all chains, all `has` and all lists. */
export interface Criteria {
  type: string;
  clauses: Clause[];
  chains: Chain[];
  has: Has[];
  /** Ids of Lists (`_list`): for each group, the resource is an entry of at least one. */
  lists: string[][];
}

/** A criterion on what a reference leads to: `subject:Patient.name=Ann`. */
export interface Chain {
  /** The first link as it was asked for, e.g. `subject:Patient`. */
  parameter: string;
  /** Slots whose `=` rows hold the references. */
  slots: number[];
  /** The reference is a canonical address or uri: it leads to resources by their `url`, not by their id. */
  isCanonical: boolean;
  /** At least one of these holds for a resource that is referred to. */
  any: Criteria[];
}

/** A criterion on what refers here: `_has:Observation:patient:code=1234-5`. */
export interface Has {
  /** The reference parameter, e.g. `Observation:patient`. */
  parameter: string;
  /** Slots whose `=` rows hold the references, of the type of `search`. */
  slots: number[];
  /** As in Chain. */
  isCanonical: boolean;
  /** What the referring resources fulfil. */
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
  /** Also from resources that were themselves included. */
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

/** A search request as it was understood. */
export interface ParsedSearch extends Criteria {
  sort: SortKey[];
  /**
   * Without `_sort`, and where no criterion is an equality: the order in which the one index that narrows the search can
   * be walked. The rows are the same in any order; a store that sorts so need not sort.
   */
  implicitSort?: SortKey;
  /** `_count`, uncapped; 0 asks for the total only. */
  count?: number;
  include: Include[];
  revinclude: Include[];
  total?: Total;
  summary?: Summary;
  elements?: string[];
  /** What took part, for the self link. */
  used: [name: string, value: string][];
  /** What did not, and why. */
  ignored: { name: string; reason: string }[];
}
