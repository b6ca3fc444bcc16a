/** The plan of a transaction: the steps of each owner, and the source of each entry's answer. */
import type { MadeElsewhere, OwnerStep, StepResult } from "../../federation/owner-contract.ts";
import type { CriteriaMatch } from "../../federation/resolve-criteria.ts";

/** One owner's share. */
export interface Share {
  owner: string;
  steps: OwnerStep[];
  /** Place of each step among all steps. */
  places: number[];
  /** Index of the bundle entry of each step, which a refusal names. */
  entries: number[];
  /** What its steps make and delete, as far as other owners' rules may know it. */
  made: MadeElsewhere;
  /** Whether another transaction may delay it. */
  mayWait: boolean;
}

/** The source of an entry's result. */
export type EntryAnswer =
  | { kind: "step"; place: number; type: string; id: string; isMove: boolean }
  /** Nothing is written: a conditional create that matched one, a conditional delete that matched none. */
  | { kind: "found"; type: string; match: CriteriaMatch }
  | { kind: "nothing"; type: string }
  /** A GET, or an operation that changes nothing: answered by the gateway after the commit. */
  | { kind: "read" };

/** The steps of a transaction before the check of its conditions is added. */
export interface PlannedSteps {
  shares: Share[];
  /** For each entry: the source of its result, or the result itself. */
  answers: EntryAnswer[];
  /** By owner and counter: the place of the first step that counts a move into it. */
  moves: Map<string, number>;
  /** By place of a step that holds an id at an owner without the resource: the newest version known there. */
  reservations: Map<number, number>;
}

/** The whole plan of a transaction. */
export interface TransactionPlan extends Omit<PlannedSteps, "moves" | "reservations"> {
  /**
   * Called when all is prepared: whether the conditions still hold.
   * @param results of the steps, by place
   */
  confirm?(results: StepResult[]): Promise<boolean>;
}
