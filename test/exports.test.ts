/** Every export says in a sentence what it is: shape, unit, limit, error. */
import { dirname, join } from "node:path";
import { contentOf, filesUnder, ROOMS } from "./kit/map.ts";

const EXPORT = /^export (?:default )?(?:async )?(?:abstract )?(?:function\*?|class|const|let|interface|type|enum) +(\w+)/gm;

/** Names that the file exports by a declaration without a comment before it, but for one to the linter. Overloads of one function share the first one's. */
function undocumented(text: string): string[] {
  const seen = new Set<string>();
  return [...text.matchAll(EXPORT)].flatMap(({ 1: name = "", index }) => {
    const isMore = seen.has(name);
    seen.add(name);
    return isMore || /\*\/\n(?:\/\/ biome-ignore .*\n)?$/.test(text.slice(0, index)) ? [] : [name];
  });
}

/** Components of the pages are described by the comment at the head of their file. */
const isDescribedByHead = (file: string, name: string): boolean =>
  file.startsWith("services/desk/pages/") && /^[A-Z]/.test(name) && contentOf(file).startsWith("/**");

/** Sources that run; tests and test kits are left out. */
const files = [...ROOMS.flatMap((room) => filesUnder(room, /(?<!\.test)\.ts$/)), "moleculer.config.ts"];

describe("an export", () => {
  it("without a comment is found", () => {
    expect(
      undocumented("/** One. */\nexport const one = 1;\n\nexport const two = 2;\n// Three.\nexport function three(): void {}\n"),
    ).toEqual(["two", "three"]);
    expect(undocumented("/** A or B. */\nexport const A = { a: 1 } as const;\nexport type A = keyof typeof A;\n")).toEqual([]);
  });

  it.each(ROOMS)("of %s/ is documented, by a sentence of its own", (room) => {
    const own = files.filter((file) => file.startsWith(`${room}/`));
    const found = own.flatMap((file) =>
      undocumented(contentOf(file)).flatMap((name) => (isDescribedByHead(file, name) ? [] : [`${file}: ${name}`])),
    );
    expect(found).toEqual([]);
  });
});

/** Names that a text imports, when it is loaded or later, or hands on, each with the file that it names, relative to the project. */
function namesFrom(file: string, text: string): string[] {
  const statements = [
    ...text.matchAll(/\b(?:import|export)\s+(?:type\s+)?(?:\w+\s*,\s*)?\{([^}]*)\}\s*from\s*"(\.[^"]+)"/g),
    ...text.matchAll(/\{([^{}]*)\} = [^;]*\bawait import\("(\.[^"]+)"\)/g),
  ];
  return statements.flatMap(([, names = "", path = ""]) =>
    names.split(",").map(
      (name) =>
        `${join(dirname(file), path)} ${
          name
            .trim()
            .replace(/^type /, "")
            .split(" as ")[0]
        }`,
    ),
  );
}

/** Code without comments and texts. */
const codeOf = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/ .*/gm, "").replace(/"(?:[^"\\\n]|\\.)*"/g, '""');

/**
 * Functions, classes and constants of `text` that no program uses: none imports them, and their own file does not use them or nobody at all
 * imports them.
 */
function unused(file: string, text: string, byPrograms: ReadonlySet<string>, byTests: ReadonlySet<string>): string[] {
  const code = codeOf(text);
  const names = [...code.matchAll(/^export (?:async )?(?:abstract )?(?:function\*?|class|const|let) +(\w+)/gm)].map(
    ([, name = ""]) => name,
  );
  return names.filter((name) => {
    if (byPrograms.has(`${file} ${name}`)) return false;
    return !byTests.has(`${file} ${name}`) || [...code.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length === 1;
  });
}

describe("runtime code", () => {
  it("exports nothing that only tests use, or nobody", () => {
    const all = filesUnder(".", /\.(?:ts|mjs)$/).filter((file) => !file.startsWith("fhir/generated"));
    const isTest = (file: string) => /\.test\.ts$|^test\//.test(file);
    const namesOf = (some: string[]) => new Set(some.flatMap((file) => namesFrom(file, contentOf(file))));
    const [byPrograms, byTests] = [namesOf(all.filter((file) => !isTest(file))), namesOf(all.filter(isTest))];
    // A contract is for others, also for those who are yet to come; skeletons are what services begin as; the pages are looked at by themselves.
    const looked = files.filter((file) => !/\.contract\.ts$|skeleton\/|^services\/desk\/pages\/|moleculer\.config/.test(file));
    expect(byPrograms.size).toBeGreaterThan(2_000);
    expect(looked.flatMap((file) => unused(file, contentOf(file), byPrograms, byTests).map((name) => `${file}: ${name}`))).toEqual([]);
  });

  it("would be found with such an export", () => {
    const text = "/** `a` */\nexport const a = 1;\nexport const b = 2;\nexport function c() {\n  return b;\n}\n";
    expect(unused("x.ts", text, new Set(), new Set())).toEqual(["a", "b", "c"]);
    expect(unused("x.ts", text, new Set(["x.ts c"]), new Set(["x.ts a", "x.ts b"]))).toEqual(["a"]);
    expect(namesFrom("mesh/y.ts", 'import { type A, b as c } from "./x.ts";')).toEqual(["mesh/x.ts A", "mesh/x.ts b"]);
    expect(namesFrom("mesh/y.ts", 'const { a } = await import("./x.ts");')).toEqual(["mesh/x.ts a"]);
  });
});
