/** Lists in which each value stands once, where two people have changed one: what a bed has, roles of a person. Plain data in, plain data out. */

/** Whether they are the same, in whichever order. */
export const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.every((one) => others.includes(one)) && others.every((one) => some.includes(one));

/** What others have stored, with what I have added and without what I have taken away. @param before what both have seen */
export function mergedOf(before: readonly string[], { mine, theirs }: { mine: readonly string[]; theirs: readonly string[] }): string[] {
  const kept = theirs.filter((one) => mine.includes(one) || !before.includes(one));
  return [...new Set([...kept, ...mine.filter((one) => !before.includes(one))])];
}
