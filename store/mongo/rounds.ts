/** The order in which the changes of one write are made. */
import type { PlannedChange } from "../plan-write.ts";

/** The changes in as few rounds as possible, none of which has a resource twice. All additions to a counter become one change. */
export function rounds(changes: PlannedChange[]): PlannedChange[][] {
  const made: PlannedChange[][] = [];
  const next = new Map<string, number>();
  for (const change of withSums(changes)) {
    if (change.kind === "emit" || change.kind === "once") continue;
    const name = change.kind === "add" ? `counter ${change.counter}` : `${change.type}/${change.id}`;
    const round = next.get(name) ?? 0;
    next.set(name, round + 1);
    const together = made[round];
    if (together) together.push(change);
    else made.push([change]);
  }
  return made;
}

/** Sums the additions to each counter, whose lock can be released only once. */
function withSums(changes: PlannedChange[]): PlannedChange[] {
  const sums = new Map<string, Extract<PlannedChange, { kind: "add" }>>();
  const others = changes.filter((change) => {
    if (change.kind !== "add") return true;
    const sum = sums.get(change.counter);
    sums.set(change.counter, sum ? { ...sum, by: sum.by + change.by } : change);
    return false;
  });
  return [...others, ...sums.values()];
}
