/** What the service hands out: modules that a browser can load, all of it small; and what holds for the sources of all pages. */
import { stripTypeScriptTypes } from "node:module";
import { gunzipSync, brotliDecompressSync } from "node:zlib";
import { contentOf, filesUnder } from "../../test/kit/map.ts";
import { Packing } from "./desk.contract.ts";
import { LANGUAGES } from "./files/messages.ts";
import { withImports, withoutComments } from "./files/modules.ts";
import { PageFiles } from "./files/page-files.ts";

const files = new PageFiles({ access: "closed", hospitalTimeZone: "Africa/Algiers", organization: "Organization/1" });
const unpacked = async (path: string) => gunzipSync(Buffer.from((await files.get(path, Packing.gzip))?.base64 ?? "", "base64")).toString();

describe("a part of a page", () => {
  it("that may be there twice has no id of its own choice: what it labels is found by a name that is given, or by none of another's", () => {
    const fixed = filesUnder("services/desk/pages/parts", /\.ts$/).filter((name) =>
      /\s(id|for|aria-[a-z]+by|popovertarget)="[^"]+"/.test(contentOf(name)),
    );
    expect(fixed).toEqual([]);
  });
});

describe("what chooses the content of a part of a page", () => {
  it("is not part of that content: it would be gone, with the focus, while what was chosen is being loaded", () => {
    const names = filesUnder("services/desk/pages/screens", /\.ts$/);
    const wrong = names.filter((name) => {
      const text = contentOf(name);
      const chosen = [...text.matchAll(/useLoad(?:<[^(]*>)?\(`[^`]*`/g)].flatMap(([key]) =>
        [...key.matchAll(/\$\{(\w)(\w*)\}/g)].map(([, first = "", rest = ""]) => `set${first.toUpperCase()}${rest}`),
      );
      const shown = [...text.matchAll(/\n {2}const show = [\s\S]*?\n {2}(?=const|return)/g)].join("");
      return chosen.some((set) => text.includes(`, ${set}] = useState`) && new RegExp(`\\b${set}\\b`).test(shown));
    });
    expect(wrong).toEqual([]);
  });
});

describe("a sign on a page", () => {
  it("is one that fonts for text have: without a font of pictures another one would be an empty box", () => {
    const pictures = /\p{Emoji_Presentation}/u;
    const names = filesUnder("services/desk", /\.(ts|css|json)$/).filter((name) => pictures.test(contentOf(name)));
    expect(names).toEqual([]);
  });
});

describe("a line of several facts", () => {
  it("has no dot before a fact that is not there: what joins them leaves it out", () => {
    const pages = filesUnder("services/desk/pages", /\.ts$/).filter((name) => contentOf(name).includes("·"));
    expect(pages.map((name) => name.slice("services/desk/pages/".length)).sort()).toEqual([
      "parts/dotted.ts",
      "parts/for.ts", // of a name that each button has
      "parts/person-line.ts", // a dot stays in the line of what it follows
      "platform/texts.ts", // the same for plain texts
      "screens/ward/bed.ts", // as in person-line.ts
      "shell.ts", // the title of the document
    ]);
  });
});

describe("a list", () => {
  it("that may lack what a silent service knows does not say that there is nothing", () => {
    const saying = filesUnder("services/desk/pages/screens", /\.ts$/).filter((name) => {
      const text = contentOf(name);
      return /<\$\{Partial\}/.test(text) && /\.length === 0\s*(&&|\?) html`/.test(text); // and not: && !isPartial
    });
    expect(saying.map((name) => name.slice("services/desk/pages/screens/".length))).toEqual([
      "front-desk/queue.ts", // nothing that the filter finds, of a list with more than twenty
    ]);
  });
});

describe("a form", () => {
  it("takes days, times and numbers in the page's language: no field is one that the browser draws or reads in its own", () => {
    const native = filesUnder("services/desk/pages", /\.ts$/).filter((name) =>
      /type[:=]\s*"(date|datetime-local|month|week|time|number)"/.test(contentOf(name)),
    );
    expect(native).toEqual([]);
  });

  it("and what is shown is in it, too: a number is written by what knows the language", () => {
    const plain = filesUnder("services/desk/pages", /\.ts$/).filter((name) =>
      /\$\{(?:[\w.]+\.)?value\}\s*\$\{(?:[\w.]+\.)?unit/.test(contentOf(name)),
    );
    expect(plain.map((name) => name.slice("services/desk/pages/".length))).toEqual([
      "screens/bench/enter.ts", // as the laboratory has typed it
    ]);
  });

  it("keeps what is typed and chosen in it over a reload, but for what is scanned, or only asked", () => {
    const names = filesUnder("services/desk/pages/screens", /\.ts$/);
    const forgetting = names.filter((name) => {
      const text = contentOf(name);
      const states = [...text.matchAll(/const \[(\w+), set\w+\] = useState/g)].map(([, state]) => state);
      return /<\$\{Form\}/.test(text) && states.some((state) => new RegExp(`(value|chosen|checked)=\\$\\{[^}]*\\b${state}\\b`).test(text));
    });
    expect(forgetting.map((name) => name.slice("services/desk/pages/screens/".length)).sort()).toEqual([
      "audit.ts", // a question
      "front-desk/queue.ts", // a filter
      "round/dose.ts", // what is scanned
    ]);
  });
});

describe("a form that is cancelled", () => {
  it("discards what was typed: it does not come back hours later as if it were of then", () => {
    const keeping = filesUnder("services/desk/pages/screens", /\.ts$/).filter((name) => {
      const text = contentOf(name);
      const forms = text.split("\n").filter((line) => /<\$\{Form\}.* onCancel=/.test(line));
      const isKept = /use(Draft|Kept|Editing|RecordEditing)[<(]/.test(text);
      return isKept && forms.some((line) => !/draft=|onCancel=\$\{(of \? )?(editing\.)?leave\b/.test(line));
    });
    expect(keeping).toEqual([]);
  });
});

describe("a form that changes what others may change at once", () => {
  const names = filesUnder("services/desk/pages/screens", /\.ts$/);
  const nameOf = (name: string) => name.slice("services/desk/pages/screens/".length);
  /** By FHIR with the version that was seen, or by an action that is told it. */
  const changes = /\bupdate\(|\b(storeTogether|createAndUpdate)\(|\bversion\b|\w+_CHANGED|_STALE|use(Record)?Editing\(/;
  const offers = /<\$\{EditingOf\}|<\$\{MergeView\}|mergedOf\(/;
  const editing = names.filter((name) => /<\$\{Form\}/.test(contentOf(name)) && changes.test(contentOf(name)));

  it("offers the choice between both versions, or puts both together; one that does not is named here, with the reason", () => {
    expect(
      editing
        .filter((name) => !offers.test(contentOf(name)))
        .map(nameOf)
        .sort(),
    ).toEqual([
      "bench/enter.ts", // enters and releases over what is shown; what others have entered since is shown first
      "bench/tell-critical.ts", // acknowledges the value that was read out, and no other one
      "cash/prices.ts", // a price that others have set since is shown, and set once more, or left
      "chart/cancel-order.ts", // takes place once; of the order as it is shown beside it, which is refused if others have changed it
      "chart/note-allergy.ts", // makes something; its version is needed to take that back
      "chart/note-form.ts", // one text: theirs stands over the own one, which one goes on with
      "chart/prescribe.ts", // makes something
      "chart/problems.ts", // makes something
      "chart/vital-signs.ts", // makes something
      "dispensary/dispense.ts", // makes something, of the prescription that is shown
      "front-desk/book.ts", // makes something
      "front-desk/queue.ts", // cancels the visit that is shown, and opens another
      "ward/discharge.ts", // changes the stay that is shown, by its rules; of each medication of home it says what others have changed
      "ward/physician.ts", // one choice, of the stay that is shown
      "ward/transfer.ts", // one choice, of the stay that is shown
      "ward/waiting.ts", // denies what is shown
    ]);
  });

  it("and is one of these, each tried by two people in test/desk", () => {
    expect(
      editing
        .filter((name) => offers.test(contentOf(name)))
        .map(nameOf)
        .sort(),
    ).toEqual([
      "administration/change-account.ts",
      "administration/change-role.ts",
      "administration/test-names.ts",
      "bench/correct.ts",
      "chart/change-home-medication.ts",
      "chart/change-problem.ts",
      "chart/details.ts",
      "chart/stop-prescription.ts",
      "dispensary/reorder-levels.ts",
      "places/describe.ts",
    ]);
  });
});

describe("the pages", () => {
  it("are a document without inline scripts and styles, which knows the hospital's zone", async () => {
    const document = await unpacked("/");
    expect(document).toContain('<meta name="time-zone" content="Africa/Algiers">');
    expect(document).toContain('<meta name="organization" content="Organization/1">');
    expect(document).toContain('<meta name="access" content="closed">');
    expect(document).not.toMatch(/<style|style=|\son[a-z]+=|<script(?![^>]*src)|%[A-Z_]+%/);
  });

  it("load modules that import only each other, by addresses that never change", async () => {
    const scripts = files.paths.filter((path) => path.endsWith(".js"));
    expect(scripts.length).toBeGreaterThan(30);
    for (const path of scripts) {
      const text = await unpacked(path);
      const imported = [
        ...text.matchAll(/(?:^|[\s;}])(?:import|export)[^"'`;]*?from\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g),
      ].map(([, a, b]) => a ?? b ?? "");
      expect(imported.filter((address) => !files.paths.includes(address.replace(/^\/desk/, "")))).toEqual([]);
      expect((await files.get(path, Packing.gzip))?.isImmutable).toBe(true);
    }
  });

  it("have their imports replaced, and nothing that only looks like one", () => {
    const text = [
      'import{a}from"./a.ts";import "./b.ts";export * from "./c.ts"; // "None" differs from "unknown"',
      'const words = `taken from "the shelf" by import ("x")`; const later = () => import( \'./d.ts\' );',
      "const computed = (name) => import(name);",
    ].join("\n");
    const asked: [string, boolean][] = [];
    const replaced = withImports(text, (specifier, isStatic) => {
      asked.push([specifier, isStatic]);
      return specifier.replace("./", "/f/");
    });
    expect(asked).toEqual([
      ["./a.ts", true],
      ["./b.ts", true],
      ["./c.ts", true],
      ["./d.ts", false],
    ]);
    expect(replaced).toBe(text.replaceAll(/(["'])\.\/([abc])/g, "$1/f/$2").replace("'./d.ts'", '"/f/d.ts"'));
  });

  it("are sent without comments, and are the same programs without them, line by line", async () => {
    /** As it is printed anew: without comments, and in one form. */
    const printed = (text: string) => stripTypeScriptTypes(text, { mode: "transform" });
    const names = filesUnder("services/desk/pages", /(?<!\.d)\.ts$/);
    const texts = names.map((name) => [name, contentOf(name), withoutComments(stripTypeScriptTypes(contentOf(name)))] as const);
    expect(texts.filter(([, text, sent]) => printed(sent) !== printed(stripTypeScriptTypes(text))).map(([name]) => name)).toEqual([]);
    expect(texts.filter(([, text, sent]) => sent.split("\n").length !== text.split("\n").length).map(([name]) => name)).toEqual([]);
    const style = files.paths.find((path) => path.endsWith(".css")) ?? "";
    const all = await Promise.all(files.paths.filter((path) => /^\/f\/(shell|api|form)\./.test(path) || path === style).map(unpacked));
    expect(all).toHaveLength(4);
    expect(all.filter((text) => /^\s*(\/\*|\/\/)/m.test(text))).toEqual([]);
  });

  it("have under 98 kB on their way before the first is seen, in each language: with what it asks for in a hospital of 300 beds, 125", async () => {
    /** Bytes that the headers of an answer take. */
    const HEADERS = 520;
    const document = brotliDecompressSync(Buffer.from((await files.get("/", Packing.br))?.base64 ?? "", "base64")).toString();
    const first = [...document.matchAll(/(?:href|src)="\/desk(\/f\/[^"]+)"/g)].map(([, path = ""]) => path);
    const sizeWith = async (language: string) => {
      const later = new Set(files.paths.filter((path) => new RegExp(`^/f/(home|${language})\\.`).test(path)));
      for (const path of later) {
        const imported = [...(await unpacked(path)).matchAll(/\bfrom\s*"\/desk(\/f\/[^"]+)"/g)]; // a set is walked to what is added meanwhile
        for (const [, needed = ""] of imported) later.add(needed);
      }
      const all = [...new Set([...first, ...later])];
      expect(all.length).toBeGreaterThan(20);
      const sizes = await Promise.all(
        all.map(async (path) => Buffer.byteLength((await files.get(path, Packing.br))?.base64 ?? "", "base64")),
      );
      return sizes.reduce((sum, size) => sum + size + HEADERS, 0);
    };
    const sizes = await Promise.all(LANGUAGES.map(async (language) => [language, await sizeWith(language)] as const));
    expect(sizes.filter(([, size]) => size > 98_000)).toEqual([]);
  });

  it("are none but these", async () => {
    expect(await files.get("/f/nothing.js", Packing.br)).toBeNull();
    expect(await files.get("/../desk.service.ts", Packing.br)).toBeNull();
  });
});
