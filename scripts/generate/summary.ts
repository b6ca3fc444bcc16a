/** Makes `summary.json`: the elements of a resource type that `_summary` keeps (R4 3.1.1.6.1). */
import { structures } from "./definitions.ts";

/** Elements in every resource's summary; not listed per type. */
const EVERYWHERE = new Set(["id", "meta", "implicitRules"]);

/** For a resource type: the elements of `_summary=true`, as paths below the type; and the mandatory top-level elements. */
interface SummaryJson {
  summary: string[];
  mandatory: string[];
}

/** Without elements below one that is not kept itself (a modifierExtension is always marked). */
function withParents(paths: string[]): string[] {
  const all = new Set(paths);
  return paths.filter((path) =>
    path
      .split(".")
      .slice(0, -1)
      .every((_, end, parts) => all.has(parts.slice(0, end + 1).join("."))),
  );
}

/** The text of `summary.json`, and notes. */
export function summaryJson(): { text: string; notes: string[] } {
  const types: Record<string, SummaryJson> = {};
  for (const [name, { kind, abstract, snapshot }] of structures()) {
    if (kind !== "resource" || abstract) continue;
    const below = snapshot.element.slice(1).map((element) => ({ ...element, path: element.path.slice(name.length + 1) }));
    types[name] = {
      summary: withParents(below.filter((element) => element.isSummary && !EVERYWHERE.has(element.path)).map((element) => element.path)),
      mandatory: below.filter((element) => element.min > 0 && !element.path.includes(".")).map((element) => element.path),
    };
  }
  return { text: `${JSON.stringify(types)}\n`, notes: [`${Object.keys(types).length} resource types`] };
}
