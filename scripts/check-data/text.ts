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
  dangling: [first],
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
  lines.push(`${resources} resources in ${seconds.toFixed(1)} s (${rate}/s): ${all === 0 ? "no fault found" : `${all} faults found`}.`);
  if (doubtful > 0) {
    lines.push(`${doubtful} findings may be faults or not, e.g. ${doubts[0]?.detail}; -- --repair asks about each.`);
  }
  if (unsettled > 0) lines.push(`${unsettled} resources changed during the check: run it again.`);
  if (leftByUnmerge > 0) {
    lines.push(`${leftByUnmerge} acts refer to two patients after a merge was undone, because they were edited in between.`);
  }
  if (danglingElsewhere > 0) {
    const example = first ? `, e.g. that of ${first.from} to ${first.to} (-- --json lists the first)` : "";
    lines.push(
      `${danglingElsewhere} references lead to resources that do not exist here${example}. FHIR permits this, and no act depends on them.`,
    );
  }
  return lines.join("\n");
}
