/** The project as a graph: its files, their imports, their folders. Read with simple regular expressions, not compiled. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
/** Folders without the project's own text: installed, downloaded, stored or measured data, and data of others. */
const NOT_OURS = new Set(["node_modules", ".git", ".servers", "data", "coverage", "test/data/synthea", "test/data/hl7"]);

/** Paths of all files below a folder whose name matches, relative to the project. */
export function filesUnder(folder: string, name: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (NOT_OURS.has(path)) return []; // also if it is a link
    if (entry.isDirectory()) return filesUnder(path, name);
    return name.test(entry.name) ? [path] : [];
  });
}

export const contentOf = (path: string): string => readFileSync(join(ROOT, path), "utf8");

export interface Import {
  from: string;
  /** A path relative to the project, or a package's name. */
  to: string;
  isPackage: boolean;
  /** It does not exist at run time: `import type`, `export type`. */
  isType?: boolean;
}

const IMPORT = /^\s*(?:import|export)( type)?\b[^"';]*?\bfrom\s*"([^"]+)"|^\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;

/** The imports of a file, including types. */
export function importsOf(file: string): Import[] {
  return [...contentOf(file).matchAll(IMPORT)].map(([, type, from, bare, dynamic]) => {
    const to = from ?? bare ?? dynamic ?? "";
    return to.startsWith(".")
      ? { from: file, to: normalize(join(dirname(file), to)), isPackage: false, isType: type !== undefined }
      : { from: file, to, isPackage: true, isType: type !== undefined };
  });
}

/** The project's rooms, from the lowest to the highest: each may only import from those before it. */
export const ROOMS = ["fhir", "mesh", "store", "federation", "mixins", "services", "scripts"];

/** The room of a file; a file in the root folder is its own. */
export const roomOf = (path: string): string => path.split("/", 1)[0] as string;

/** Imports from a room to one above it; files in the root folder are above all rooms. */
export const upward = (imports: Import[]): Import[] =>
  imports.filter(({ from, to }) => ROOMS.includes(roomOf(from)) && ROOMS.indexOf(roomOf(to)) > ROOMS.indexOf(roomOf(from)));

/** Services have a folder each; everything else is grouped by room. */
export function folderOf(path: string): string {
  const parts = path.split("/");
  const depth = parts[0] === "services" ? 2 : 1;
  return parts.slice(0, Math.min(depth, parts.length)).join("/");
}

/** One cycle among files, or among groups made by `groupOf`, in order; undefined if there is none. */
export function cycleOf(imports: Import[], groupOf: (path: string) => string = (path) => path): string[] | undefined {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    const [here, there] = [groupOf(from), groupOf(to)];
    if (here !== there) next.set(here, (next.get(here) ?? new Set()).add(there));
  }
  const done = new Set<string>();
  const walk = (folder: string, path: string[]): string[] | undefined => {
    if (path.includes(folder)) return [...path.slice(path.indexOf(folder)), folder];
    if (done.has(folder)) return undefined;
    for (const target of next.get(folder) ?? []) {
      const cycle = walk(target, [...path, folder]);
      if (cycle) return cycle;
    }
    done.add(folder);
    return undefined;
  };
  for (const folder of next.keys()) {
    const cycle = walk(folder, []);
    if (cycle) return cycle;
  }
  return undefined;
}
