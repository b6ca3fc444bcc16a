/**
 * Modules of the pages in a form that browsers load without a build: types stripped, each import replaced by the URL of its target. A URL contains
 * a hash of the module and of all that it imports, so browsers may cache it forever.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, join } from "node:path";
import { initSync, parse } from "es-module-lexer";
import { type LANGUAGES, messagesModule } from "./messages.ts";
import { browserFile } from "./packages.ts";

/** Folder of the pages. */
export const PAGES = join(import.meta.dirname, "../pages");
/** The module with which every page starts. */
const START = join(PAGES, "main.ts");

/** Imports of texts, by language. */
const TEXTS = /\/messages\/([a-z]+)\.json$/;

/** All modules, and the one that starts. */
export interface Linked {
  /** `needs`: URLs of everything that it imports statically, transitively. */
  start: { address: string; needs: string[] };
  modules: { address: string; text: string }[];
}

interface Module {
  address: string;
  text: string;
  /** Modules that are loaded with it. */
  needs: Module[];
}

/** @param base prefix of the URLs @throws Error naming an import that the pages do not have */
export function linked(base: string): Linked {
  const known = new Map<string, Module>();
  const begun = new Set<string>();
  const link = (source: string): Module => {
    const found = known.get(source);
    if (found) return found;
    if (begun.has(source)) throw new Error(`${source} imports itself by way of others: an address is made of what is imported.`);
    begun.add(source);
    const needs: Module[] = [];
    const text = withImports(textOf(source), (specifier, isStatic) => {
      const needed = link(sourceOf(specifier, source));
      if (isStatic) needs.push(needed);
      return needed.address;
    });
    const hash = createHash("sha256").update(text).digest("base64url").slice(0, 12);
    const module = { address: `${base}${nameOf(source)}.${hash}.js`, text, needs };
    known.set(source, module);
    return module;
  };
  const start = link(START);
  return { start: { address: start.address, needs: allNeeds(start) }, modules: [...known.values()] };
}

/** The text of a module with each specifier of an import or re-export replaced; dynamic imports of computed specifiers are left. */
export function withImports(text: string, replace: (specifier: string, isStatic: boolean) => string): string {
  initSync();
  let replaced = "";
  let at = 0;
  for (const { n: specifier, s: start, e: end, d: dynamicAt } of parse(text)[0]) {
    if (specifier === undefined) continue;
    const isStatic = dynamicAt < 0; // its place is without the quotes
    const address = replace(specifier, isStatic);
    replaced += text.slice(at, start) + (isStatic ? address : `"${address}"`);
    at = end;
  }
  return replaced + text.slice(at);
}

function allNeeds(module: Module, seen = new Set<Module>()): string[] {
  for (const one of module.needs) {
    if (seen.has(one)) continue;
    seen.add(one);
    allNeeds(one, seen);
  }
  return [...seen].map(({ address }) => address);
}

function sourceOf(specifier: string, from: string): string {
  const file = specifier.startsWith(".") ? join(dirname(from), specifier) : browserFile(specifier);
  if (file === undefined) throw new Error(`${from} imports ${specifier}, which services/desk/files/packages.ts does not name.`);
  return file;
}

function textOf(source: string): string {
  const [, language] = TEXTS.exec(source) ?? [];
  if (language !== undefined) return messagesModule(language as (typeof LANGUAGES)[number]);
  const text = readFileSync(source, "utf8");
  return source.endsWith(".ts") ? withoutComments(stripped(text)) : text.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, "\n");
}

/** Suppresses Node's warning that type stripping is experimental: the project pins Node's version. */
function stripped(text: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Comments that begin a line, not within a template: a quarter of what is sent would be comments. */
const COMMENTS = /^[ \t]*(?:\/\*[\s\S]*?\*\/|\/\/[^\n]*)/gm;

/** The text of a program or style sheet of the pages without its comments; what is left stays in its lines, for the browser's debugger. */
export const withoutComments = (text: string): string => text.replace(COMMENTS, (comment) => comment.replaceAll(/[^\n]/g, ""));

const nameOf = (source: string): string => basename(source).replace(/\.(?:module\.|esm\.)?(?:m?[jt]s|json)$/, "");
