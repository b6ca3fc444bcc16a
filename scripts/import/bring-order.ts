/** In which order NDJSON is brought: what others rest on first, so that little of it has to be sent twice. */
import { ACT_REFERENCES, RESTED_ON } from "../../federation/act-references.ts";
import { referencePathsOf } from "../../fhir/reference-paths.ts";
import { linesOf, type SourceFile } from "./files.ts";
import { type ImportUnit, MAX_CHARACTERS, MAX_RESOURCES } from "./unit.ts";

/** Of what rests on nothing that an act could ask for: last, as it may name all others. */
const LAST = Number.MAX_SAFE_INTEGER;

/** How many types stand one upon another below this one; what is no act, and nothing that acts rest on, comes last. */
export function depthOf(type: string, above: readonly string[] = []): number {
  if (!RESTED_ON.has(type) && !Object.hasOwn(ACT_REFERENCES, type)) return LAST;
  const paths = new Set((ACT_REFERENCES[type] ?? []).map(({ path }) => path));
  const below = referencePathsOf(type).flatMap(({ path, targets = [] }) =>
    paths.has(path) ? targets.filter((it) => RESTED_ON.has(it)) : [],
  );
  // An order may replace an order, and a result be based on one that is based on it: a circle has no bottom.
  const open = [...new Set(below)].filter((it) => it !== type && !above.includes(it));
  return open.length === 0 ? 0 : 1 + Math.max(...open.map((it) => depthOf(it, [...above, type])));
}

/** A file, or those of its lines whose types stand so high. */
export interface Pass {
  file: SourceFile;
  /** Absent: all lines. */
  depth?: number;
  /** Of the file's lines, 0 to 1. */
  share: number;
}

/** How high the type of a line stands: by the first `resourceType` in it, which is its own where that comes first, as it mostly does. */
export const depthOfLine = (text: string): number => depthOfType(/"resourceType"\s*:\s*"([A-Za-z]+)"/.exec(text)?.[1] ?? "");

const depths = new Map<string, number>();

function depthOfType(type: string): number {
  const known = depths.get(type) ?? depthOf(type);
  depths.set(type, known);
  return known;
}

/** In which order the files are best brought: bundles as they come, then NDJSON from what others rest on upwards, which a large mixed file is read several times for. */
export async function passesOf(files: SourceFile[]): Promise<Pass[]> {
  const passes: (Pass & { order: number })[] = [];
  for (const file of files) {
    const lines = file.kind === "bundle" ? undefined : await linesByDepth(file);
    const total = [...(lines?.values() ?? [])].reduce((sum, count) => sum + count, 0);
    const [first = -1] = [...(lines?.keys() ?? [])].sort((one, other) => one - other);
    // A small one is one transaction, in which the order says nothing.
    if (!lines || lines.size < 2 || total <= MAX_RESOURCES) passes.push({ file, share: 1, order: first });
    else for (const [depth, count] of lines) passes.push({ file, depth, share: count / total, order: depth });
  }
  return passes.sort((one, other) => one.order - other.order);
}

/** Undefined for a file that cannot be read: that is told of when its turn comes. */
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

/** Lines that were left out one by one, in groups again; what waits as a whole stays so. */
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
