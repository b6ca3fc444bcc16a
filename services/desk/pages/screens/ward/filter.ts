/** Which beds of a ward are shown: all, or those with something to do. */
import type { BoardBed } from "../../../../wards/board.contract.ts";
import { isOwn } from "../../platform/own-ward.ts";

/** By name. */
export const BED_FILTERS = ["all", "free", "cleaning", "results", "doses", "requests", "mine"] as const;
/** One of them. */
export type BedFilter = (typeof BED_FILTERS)[number];

/** Whether a bed is one of these. */
export function isOf(filter: BedFilter, { status, cleaning, stay }: BoardBed): boolean {
  if (filter === "all") return true;
  if (filter === "free") return status === "free";
  if (filter === "cleaning") return cleaning === "dirty" || cleaning === "cleaning";
  if (filter === "mine") return stay !== undefined && isOwn(stay);
  return (stay?.waits[filter] ?? 0) > 0;
}
