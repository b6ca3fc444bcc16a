import type { Write } from "../../../store/writes.ts";
import type { SkeletonItem } from "./skeleton.contract.ts";

// The rules: plain data in, plain data out. No broker, no database, no clock.

/** Names of the counters that hold the quantities begin so. */
export const PREFIX = "item/";

/** The step that adds a quantity. */
export const addition = ({ name, quantity }: SkeletonItem): Write => ({ op: "add", counter: `${PREFIX}${name}`, by: quantity });

/** The store refuses what would leave less than nothing, however many take at once. */
export const removal = ({ name, quantity }: SkeletonItem): Write => ({ op: "add", counter: `${PREFIX}${name}`, by: -quantity, min: 0 });

/** An item from its counter. */
export const itemOf = ({ name, value }: { name: string; value: number }): SkeletonItem => ({
  name: name.slice(PREFIX.length),
  quantity: value,
});
