/** Filters of a ward's beds: all, or those with pending work. */
import type { BoardBed } from "../../../../wards/board.contract.ts";
import { isOwn } from "../../platform/own-ward.ts";

/** By name. */
export const BED_FILTERS = ["all", "free", "cleaning", "results", "doses", "requests", "mine"] as const;
/** One of them. */
export type BedFilter = (typeof BED_FILTERS)[number];

/** Whether a bed matches the filter. */
export function isOf(filter: BedFilter, { status, cleaning, stay }: BoardBed): boolean {
  if (filter === "all") return true;
  if (filter === "free") return status === "free";
  if (filter === "cleaning") return cleaning === "dirty" || cleaning === "cleaning";
  if (filter === "mine") return stay !== undefined && isOwn(stay);
  return (stay?.waits[filter] ?? 0) > 0;
}
