/** What a transaction will do: the steps of each owner, and where the answer of each entry comes from. */
import type { MadeElsewhere, OwnerStep, StepResult } from "../../federation/owner-contract.ts";
import type { CriteriaMatch } from "../../federation/resolve-criteria.ts";

/** One owner's share. */
export interface Share {
  owner: string;
  steps: OwnerStep[];
  /** Place of each step in the whole. */
  places: number[];
  /** Index of the bundle's entry that each step is for: what a refusal names. */
  entries: number[];
  /** What its steps make and delete, as the rules of other owners may know it. */
  made: MadeElsewhere;
  /** Whether another transaction may hold it up. */
  mayWait: boolean;
}

/** Where the result of an entry comes from. */
export type EntryAnswer =
  | { kind: "step"; place: number; type: string; id: string; isMove: boolean }
  /** Nothing is written: a conditional create that found one, a conditional delete that found none. */
  | { kind: "found"; type: string; match: CriteriaMatch }
  | { kind: "nothing"; type: string }
  /** A GET, or an operation that changes nothing: answered by the gateway after the commit. */
  | { kind: "read" };

/** The steps of a transaction before its conditions are watched. */
export interface PlannedSteps {
  shares: Share[];
  /** For each entry: where its result comes from, or what it is already. */
  answers: EntryAnswer[];
  /** By owner and counter: the place of the first step that counts a move into it. */
  moves: Map<string, number>;
  /** Places of steps that hold an id with an owner that does not have it, and the newest version that was known of it. */
  reservations: Map<number, number>;
}

/** What a transaction will do. */
export interface TransactionPlan extends Omit<PlannedSteps, "moves" | "reservations"> {
  /**
   * Asked when all is prepared: whether nothing has slipped past the conditions.
   * @param results of the steps, by place
   */
  confirm?(results: StepResult[]): Promise<boolean>;
}
