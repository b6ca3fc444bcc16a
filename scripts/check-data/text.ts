/** A report in plain text. */
import type { CheckReport } from "./findings.ts";

/** A line for each finding, then a summary. */
export function asText({
  findings,
  counts,
  resources,
  seconds,
  unsettled,
  danglingElsewhere,
  leftByUnmerge,
  doubts,
  doubtful,
}: CheckReport): string {
  const lines = findings.map(({ invariant, detail }) => `${invariant}: ${detail}`);
  for (const [invariant, count] of Object.entries(counts)) {
    const told = findings.filter((one) => one.invariant === invariant).length;
    if (count > told) lines.push(`${invariant}: ${count - told} more`);
  }
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const rate = Math.round(resources / Math.max(seconds, 0.001));
  lines.push(
    `${resources} resources in ${seconds.toFixed(1)} s (${rate}/s): ${all === 0 ? "nothing is wrong" : `${all} things are wrong`}.`,
  );
  if (doubtful > 0) {
    lines.push(`${doubtful} things may be right or not, e.g. ${doubts[0]?.detail}; -- --repair asks about each.`);
  }
  if (unsettled > 0) lines.push(`${unsettled} things changed while they were looked at: run it again.`);
  if (leftByUnmerge > 0) {
    lines.push(`${leftByUnmerge} acts stand between two patients since a merge was undone: they were edited in between.`);
  }
  if (danglingElsewhere > 0) {
    lines.push(`${danglingElsewhere} references that no act rests on lead to what is not here, which FHIR allows.`);
  }
  return lines.join("\n");
}
