/** What a question to the owners of FHIR data goes by. */
import type { Caller } from "../mesh/caller.ts";
import type { DateReading } from "../fhir/search/types/date.ts";
import type { Directory } from "./directory.ts";

/** What a question to other services needs. */
export interface QueryContext {
  caller: Caller;
  directory: Directory;
  /** How far chains are followed, first this way, then that; default `CHAIN_LIMITS`. Other ones are for tests. */
  chainLimits?: ChainLimits[];
  /** Whether Provenances that are made of the authors of versions are meant too: for who asks from outside. */
  showsAuthors?: boolean;
  /** How searches by date take periods; default: as R4's letter. */
  dates?: DateReading;
}

/** What becomes of a question when an owner is down. */
export interface Availability {
  /** Answer with what there is, rather than with 503. */
  partial: boolean;
  /** With `partial`: types whose owners could not all be asked. */
  missing: Set<string>;
}

/** How much of a question is done one way, before another is tried. */
export interface ChainLimits {
  /** An end with at most so many resources is listed, the others are probed. */
  maxListed: number;
  /** Candidates that are probed for one page. */
  maxProbed: number;
  /** Candidates that are probed for one count. */
  maxCounted: number;
  /** Time for it, milliseconds. */
  timeoutMs: number;
}
