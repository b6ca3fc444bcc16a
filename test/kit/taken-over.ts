/**
 * Types that have moved between services since the tests were written: a mesh with the service they come from also gets the other one. `npm run new --
 * service NAME --owns Type` adds a line.
 */
const TAKEN_OVER: readonly (readonly [from: string, by: string])[] = [];

/** These services, and those that have taken over types from them. */
export function withTakenOver(services: readonly string[]): string[] {
  const all = new Set(services);
  for (const name of all) for (const [from, by] of TAKEN_OVER) if (from === name) all.add(by); // the loop includes what is added
  return [...all];
}
