/** The order in which NDJSON is sent: referenced types first, so that few resources have to be sent twice. */
import { ACT_REFERENCES, RESTED_ON } from "../../federation/act-references.ts";
import { referencePathsOf } from "../../fhir/reference-paths.ts";
import { linesOf, type SourceFile } from "./files.ts";
import { type ImportUnit, MAX_CHARACTERS, MAX_RESOURCES } from "./unit.ts";

/** Position of types on which no act depends: last, as they may refer to all others. */
const LAST = Number.MAX_SAFE_INTEGER;

/** Length of the longest chain of references below a type. Types that are no acts, and on which no act depends, come last. */
export function depthOf(type: string, above: readonly string[] = []): number {
  if (!RESTED_ON.has(type) && !Object.hasOwn(ACT_REFERENCES, type)) return LAST;
  const paths = new Set((ACT_REFERENCES[type] ?? []).flatMap(({ path, isSeldom }) => (isSeldom ? [] : [path])));
  const below = referencePathsOf(type).flatMap(({ path, targets = [] }) =>
    paths.has(path) ? targets.filter((it) => RESTED_ON.has(it)) : [],
  );
  // An order may replace an order, and a result be based on one that is based on it: circles are cut.
  const open = [...new Set(below)].filter((it) => it !== type && !above.includes(it));
  return open.length === 0 ? 0 : 1 + Math.max(...open.map((it) => depthOf(it, [...above, type])));
}

/** A file, or those of its lines whose types have one depth. */
export interface Pass {
  file: SourceFile;
  /** Absent: all lines. */
  depth?: number;
  /** Share of the file's lines, 0 to 1. */
  share: number;
}

/** Depth of a line's type: by the first `resourceType` in it, which is nearly always its own. */
export const depthOfLine = (text: string): number => depthOfType(/"resourceType"\s*:\s*"([A-Za-z]+)"/.exec(text)?.[1] ?? "");

const depths = new Map<string, number>();

function depthOfType(type: string): number {
  const known = depths.get(type) ?? depthOf(type);
  depths.set(type, known);
  return known;
}

/** The best order of the files: bundles as they are, then NDJSON by depth. A large mixed file is read once per depth. */
export async function passesOf(files: SourceFile[]): Promise<Pass[]> {
  const passes: (Pass & { order: number })[] = [];
  for (const file of files) {
    const lines = file.kind === "bundle" ? undefined : await linesByDepth(file);
    const total = [...(lines?.values() ?? [])].reduce((sum, count) => sum + count, 0);
    const [first = -1] = [...(lines?.keys() ?? [])].sort((one, other) => one - other);
    // A small file is one transaction, in which the order does not matter.
    if (!lines || lines.size < 2 || total <= MAX_RESOURCES) passes.push({ file, share: 1, order: first });
    else for (const [depth, count] of lines) passes.push({ file, depth, share: count / total, order: depth });
  }
  return passes.sort((one, other) => one.order - other.order);
}

/** Lines per depth; undefined for a file that cannot be read, which is reported when its turn comes. */
async function linesByDepth({ path }: SourceFile): Promise<Map<number, number> | undefined> {
  const found = new Map<number, number>();
  try {
    for await (const { text } of linesOf(path)) {
      const depth = depthOfLine(text);
      found.set(depth, (found.get(depth) ?? 0) + 1);
    }
  } catch {
    return undefined;
  }
  return found;
}

/** Joins lines that were left out one by one into groups; units that wait as a whole stay as they are. */
export async function regrouped(units: ImportUnit[]): Promise<ImportUnit[]> {
  const isLine = ({ kind, lines }: ImportUnit) => kind === "group" && lines.length === 1;
  const groups: ImportUnit[] = [];
  for (const [file, some] of Map.groupBy(units.filter(isLine), (unit) => unit.file)) {
    let [lines, entries, characters]: [number[], Awaited<ReturnType<ImportUnit["entries"]>>, number] = [[], [], 0];
    const close = () => {
      const mine = entries;
      if (mine.length > 0) groups.push({ file, kind: "group", lines, bytes: 0, entries: async () => mine });
      [lines, entries, characters] = [[], [], 0];
    };
    for (const unit of some) {
      const own = await unit.entries();
      const size = JSON.stringify(own).length;
      if (entries.length >= MAX_RESOURCES || characters + size > MAX_CHARACTERS) close();
      lines.push(...unit.lines);
      entries.push(...own);
      characters += size;
    }
    close();
  }
  return [...units.filter((unit) => !isLine(unit)), ...groups];
}
