/** Habits that the linter has no rule for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "@swc/core";
import { contentOf, filesUnder, ROOMS } from "./kit/map.ts";

const ROOT = join(import.meta.dirname, "..");
const LOOPS = ["ForStatement", "ForOfStatement", "ForInStatement", "WhileStatement"];

type Node = Record<string, unknown> & { type?: string; span?: { start: number; end: number } };

/** Bodies of `if` and loops that are no blocks. */
function bareBodies(node: unknown, found: Node[] = []): Node[] {
  if (Array.isArray(node)) {
    for (const one of node) bareBodies(one, found);
  } else if (node !== null && typeof node === "object") {
    const { type = "", ...members } = node as Node;
    const bodies = type === "IfStatement" ? [members["consequent"], members["alternate"]] : LOOPS.includes(type) ? [members["body"]] : [];
    for (const body of bodies as (Node | null)[]) {
      if (body && !["BlockStatement", "EmptyStatement", "IfStatement"].includes(body.type ?? "")) found.push(body);
    }
    for (const member of Object.values(members)) bareBodies(member, found);
  }
  return found;
}

/** After the condition a block begins, or the statement ends on the line. */
function isPlain(line: string): boolean {
  const [head] = /^\s*(?:\}\s*)?(?:else\b\s*)?(?:(?:if|for(?: await)?|while)\s*(?=\())?/.exec(line) ?? [""];
  if (head.trim() === "" || head.trim() === "}" || line.endsWith(";")) return true;
  let open = 0;
  let at = head.length;
  for (; at < line.length && line[head.length] === "("; at += 1) {
    open += line[at] === "(" ? 1 : line[at] === ")" ? -1 : 0;
    if (open === 0) break;
  }
  return open === 0 && /^\)?\s*\{$/.test(line.slice(at));
}

/** Lines whose statement is the body of the one before, without braces. */
function linesWithoutBraces(text: string): string[] {
  if (text.split("\n").every(isPlain)) return []; // most files: only the others are worth being parsed
  const bytes = Buffer.from(text);
  const module = parseSync(text, { syntax: "typescript", target: "es2024" });
  // The parser counts on from one file to the next; a module begins at its first token.
  const before = /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/|#![^\n]*\n)*/.exec(text)?.[0] ?? "";
  const shift = module.span.start - Buffer.byteLength(before);
  return bareBodies(module).flatMap(({ span = { start: 0, end: 0 } }) => {
    const start = span.start - shift;
    const line = bytes.subarray(bytes.lastIndexOf(10, start - 1) + 1, start).toString();
    const body = bytes.subarray(start, span.end - shift).toString();
    return line.trim() === "" || body.includes("\n") ? [body] : [];
  });
}

describe("a body of more than the line of its condition", () => {
  it("has braces", () => {
    const files = filesUnder(".", /\.(?:ts|mjs)$/).filter((file) => !file.startsWith("fhir/generated"));
    expect(files.length).toBeGreaterThan(500);
    const faults = files.flatMap((file) => linesWithoutBraces(readFileSync(join(ROOT, file), "utf8")).map((body) => `${file}: ${body}`));
    expect(faults).toEqual([]);
  });

  it("would be found without", () => {
    expect(linesWithoutBraces("if (a)\n  b();\n")).toEqual(["b();"]);
    expect(linesWithoutBraces("// x\nfor (const a of b)\n  c();\n")).toEqual(["c();"]);
    expect(linesWithoutBraces("while (a) b(() => {\n  c();\n});\n")).toHaveLength(1);
    expect(linesWithoutBraces("if (a) b();\nelse c();\n")).toEqual([]);
  });
});

/** Lines that a file may have; what is longer is split by what it is about. */
const MAX_LINES = 350;
/** Written by programs. */
const GENERATED = ["fhir/generated/", "mesh/rule-names.ts"];

/** Files with more lines than a file may have, and how many. */
const tooLong = (files: readonly (readonly [file: string, text: string])[]): string[] =>
  files
    .map(([file, text]): [string, number] => [file, text.replace(/\n$/, "").split("\n").length])
    .filter(([, lines]) => lines > MAX_LINES)
    .map(([file, lines]) => `${file}: ${lines}`);

describe("a file, of tests too", () => {
  it("has at most 350 lines", () => {
    const files = filesUnder(".", /\.(?:ts|mjs)$/).filter((file) => !GENERATED.some((begin) => file.startsWith(begin)));
    expect(tooLong(files.map((file) => [file, contentOf(file)]))).toEqual([]);
  });

  it("would be found with one more", () => {
    expect(tooLong([["a.ts", "x;\n".repeat(350)]])).toEqual([]);
    expect(tooLong([["a.ts", "x;\n".repeat(351)]])).toEqual(["a.ts: 351"]);
  });
});

/** Constants of limits whose name begins in another way than all others. */
const otherLimits = (text: string): string[] => text.match(/\b(?:MOST|MAXIMUM|MAXIMAL|LIMIT_OF|UP_TO|AT_MOST)_[A-Z_]+\b/g) ?? [];

describe("the name of a limit", () => {
  it("begins with MAX_", () => {
    const files = filesUnder(".", /\.(?:ts|mjs)$/).filter((file) => file !== "test/style.test.ts");
    expect(files.flatMap((file) => otherLimits(contentOf(file)).map((name) => `${file}: ${name}`))).toEqual([]);
    expect(otherLimits("const MOST_ROWS = 5; const MAX_ROWS = MOST_ROWS;")).toEqual(["MOST_ROWS", "MOST_ROWS"]);
  });
});

/** Folders whose files are named by a rule, so that the folder says which one it is. */
const NAMED_BY_A_RULE = [
  /\/index\.ts$/, // a folder's face
  /^store\/(?:sqlite|mongo)\//, // the same parts of two stores
  /^scripts\/new\/(?:owning-)?skeleton\//, // what services begin as
  /^services\/api\/fhir\/(?:interactions|operations)\//, // FHIR's own names
  /^fhir\/search\/types\//, // those of FHIR's types of search parameters
  /^(?:bench|scripts|test\/chaos)\/[\w-]+\.ts$/, // programs, by what they measure or do
  /^test\/kit\//, // helpers, by what they help to test
];

/** Files that an editor's tab does not tell apart. */
function sameNames(files: readonly string[]): string[][] {
  const named = Map.groupBy(
    files.filter((file) => !NAMED_BY_A_RULE.some((rule) => rule.test(file))),
    (file) => file.slice(file.lastIndexOf("/") + 1),
  );
  return [...named.values()].filter((all) => all.length > 1);
}

describe("the name of a file", () => {
  it("is its own, but where a rule names it", () => {
    // The pages are a program of their own; a test has the name of what it is about.
    const files = filesUnder(".", /(?<!\.test)\.(?:ts|mjs)$/).filter((file) => !file.startsWith("services/desk/pages/"));
    expect(sameNames(files)).toEqual([]);
  });

  it("would be found a second time", () => {
    expect(sameNames(["fhir/keys.ts", "mesh/keys.ts", "store/mongo/write.ts", "store/sqlite/write.ts"])).toEqual([
      ["fhir/keys.ts", "mesh/keys.ts"],
    ]);
  });
});

/** Casts over `unknown` without a comment on their line or right above it. */
const castsWithoutReason = (text: string): string[] => {
  const lines = text.split("\n");
  return lines.filter(
    (line, at) => /\bas unknown as\b/.test(line) && !/\/\/ /.test(line) && !/^\s*(?:\/\/|\*|\/\*\*)/.test(lines[at - 1] ?? ""),
  );
};

/** R4's types against plain JSON, in files that do not use `fhir/typed.ts` yet; and the browser's streams. */
const BEFORE_TYPED = ["changes", "encounter-undo", "unique-keys", "reasons"].map((name) => `mixins/fhir/rules/${name}.ts`);
const CASTING = [...BEFORE_TYPED, "services/desk/pages/platform/stream.ts", "mesh/moleculer.ts"];

describe("a cast over unknown", () => {
  it("says why it holds, or is one of Moleculer's in `mesh/moleculer.ts`", () => {
    const files = [...ROOMS.flatMap((room) => filesUnder(room, /(?<!\.test)\.ts$/)), "moleculer.config.ts"];
    const found = files.filter((file) => !CASTING.includes(file)).flatMap((file) => castsWithoutReason(contentOf(file)));
    expect(found).toEqual([]);
  });

  it("would be found without", () => {
    expect(castsWithoutReason("// It is one.\nconst a = b as unknown as C;\nconst d = e as unknown as F;\n")).toEqual([
      "const d = e as unknown as F;",
    ]);
  });
});

/** Files by the types that they export by a declaration; those of a value and of its type under one name count once. */
function declarationsOf(files: readonly (readonly [file: string, text: string])[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [file, text] of files) {
    const names = [...text.matchAll(/^export (?:abstract )?(?:interface|type|class) (\w+)/gm)].map(([, name = ""]) => name);
    for (const name of new Set(names)) found.set(name, [...(found.get(name) ?? []), file]);
  }
  return found;
}

/** The two databases have the same parts under the same names; nothing imports both. */
const isPairOfStores = (files: readonly string[]): boolean =>
  files.length === 2 && files.every((file) => file.startsWith("store/sqlite/") || file.startsWith("store/mongo/"));

describe("an exported type", () => {
  it("has a name of its own", () => {
    // The pages are a program of their own: they run in a browser, and are compiled by themselves.
    const files = ROOMS.flatMap((room) => filesUnder(room, /(?<!\.test)\.ts$/)).filter(
      (file) => !file.startsWith("fhir/generated") && !file.startsWith("services/desk/pages/"),
    );
    const declared = declarationsOf(files.map((file) => [file, contentOf(file)]));
    expect(declared.size).toBeGreaterThan(500);
    expect([...declared].filter(([, places]) => places.length > 1 && !isPairOfStores(places))).toEqual([]);
  });

  it("would be found under another's name", () => {
    const twice = declarationsOf([
      ["a.ts", "export interface Page {}\n"],
      ["b.ts", "export const Page = 1;\nexport type Page = 1;\n"],
    ]);
    expect(twice.get("Page")).toEqual(["a.ts", "b.ts"]);
  });
});
