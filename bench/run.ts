/**
 * Runs a measurement by its name: `npm run bench -- load one` runs `load.ts` of this folder, on the project's own Node, with `one`. Without a name it
 * lists them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

/** Files that are not measurements. */
const PARTS = new Set(["kit.ts", "full-hospital.ts", "run.ts"]);
const programs = new Map(
  readdirSync(import.meta.dirname)
    .filter((file) => /\.(ts|mjs)$/.test(file) && !PARTS.has(file))
    .map((file) => [basename(file).replace(/\.\w+$/, ""), file]),
);
const [name] = process.argv.splice(2, 1);
const file = programs.get(name ?? "");
if (file) {
  await import(pathToFileURL(join(import.meta.dirname, file)).href);
} else {
  if (name) console.error(`There is no measurement "${name}".`);
  for (const [known, program] of programs) console.error(`npm run bench -- ${known.padEnd(10)} ${questionOf(program)}`);
  process.exitCode = name ? 1 : 0;
}

/** The first sentence of a program's head comment. */
function questionOf(program: string): string {
  const [, comment = ""] = /^\/\*\*\n([\s\S]*?)\*\//.exec(readFileSync(join(import.meta.dirname, program), "utf8")) ?? [];
  const text = comment
    .replace(/^ \* ?/gm, "")
    .replace(/\s+/g, " ")
    .trim();
  return /^.*?[.?!](?= |$)/.exec(text)?.[0] ?? text;
}
