/** Lists of distinct values that two people have changed: attributes of a bed, roles of a person. Plain data in, plain data out. */

/** Whether both have the same values, in any order. */
export const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.every((one) => others.includes(one)) && others.every((one) => some.includes(one));

/** The stored list of the others, with my additions and without what I have removed. @param before what both have seen */
export function mergedOf(before: readonly string[], { mine, theirs }: { mine: readonly string[]; theirs: readonly string[] }): string[] {
  const kept = theirs.filter((one) => mine.includes(one) || !before.includes(one));
  return [...new Set([...kept, ...mine.filter((one) => !before.includes(one))])];
}
