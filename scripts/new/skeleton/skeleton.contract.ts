import { action } from "../../../mesh/contract.ts";

/** How much there is of one thing. */
export interface SkeletonItem {
  name: string;
  quantity: number; // units, 0 or more
}

/** Everything that other services may know about `skeleton`. */
export const skeleton = {
  /** Adds to what there is. */
  add: action<SkeletonItem, SkeletonItem>("skeleton.add"),
  /** Takes from what there is, all of the quantity or nothing. @throws 409 NOT_ENOUGH */
  take: action<SkeletonItem, SkeletonItem>("skeleton.take"),
  /** What there is, in order of name; at most 1,000 items. */
  list: action<object, SkeletonItem[]>("skeleton.list"),
};
