/** What the service hands out: texts in each language, modules that a browser can load, all of it small. */
import { stripTypeScriptTypes } from "node:module";
import { gunzipSync, brotliDecompressSync } from "node:zlib";
import { ruleType } from "../../mixins/fhir/rules/common.ts";
import { contentOf, filesUnder } from "../../test/kit/map.ts";
import { Packing } from "./desk.contract.ts";
import { LANGUAGES, messagesOf } from "./files/messages.ts";
import { withImports, withoutComments } from "./files/modules.ts";
import { PageFiles } from "./files/page-files.ts";
import { kindOf } from "./pages/platform/errors.ts";

const files = new PageFiles({ access: "closed", hospitalTimeZone: "Africa/Algiers", organization: "Organization/1" });
const sources = filesUnder("services/desk/pages", /(?<!\.d)\.ts$/).map(contentOf);
const unpacked = async (path: string) => gunzipSync(Buffer.from((await files.get(path, Packing.gzip))?.base64 ?? "", "base64")).toString();

/** Names of texts that the pages use: whole, or a beginning that a value is put behind. */
function isUsed(key: string): boolean {
  const beginnings = sources.flatMap((text) =>
    [...text.matchAll(/`([a-zA-Z][\w.-]*\.)\$\{[^}]*\}(\.\w+)?`/g)].map(([, start = "", end = ""]) => [start, end]),
  );
  const ends = sources.flatMap((text) => [...text.matchAll(/`\$\{[^}]*\}(\.\w+)`/g)].map(([, end = ""]) => end));
  return (
    sources.some((text) => text.includes(`"${key}"`)) ||
    beginnings.some(([start = "", end = ""]) => key.startsWith(start) && key.endsWith(end)) ||
    ends.some((end) => key.endsWith(end))
  );
}

describe("the texts of the pages", () => {
  it.each(LANGUAGES)("are all there in %s, none is empty, and each is used", (language) => {
    const texts = messagesOf(language);
    expect(Object.keys(texts)).toEqual(Object.keys(messagesOf("en")));
    expect(Object.entries(texts).filter(([, text]) => text.trim() === "")).toEqual([]);
    expect(Object.keys(texts).filter((key) => !isUsed(key))).toEqual([]);
  });

  it("take the same values in each language", () => {
    const valuesOf = (text: string) =>
      [...new Set([...text.matchAll(/\{(\w+)/g)].map(([, name]) => name))].filter((name) => /^[a-z]/.test(name ?? "")).sort();
    const forms = /(zero|one|two|few|many|other|female|male|=\d)\{[^{}]*\}/g;
    // The sex is what some languages only need.
    const named = (text: string) => valuesOf(text.replace(forms, "")).filter((name) => name !== "sex");
    const [english, ...others] = LANGUAGES.map(messagesOf);
    const differing = Object.entries(english ?? {}).filter(([key, text]) =>
      others.some((texts) => `${named(texts[key] ?? "")}` !== `${named(text)}`),
    );
    expect(differing).toEqual([]);
  });

  it("have a sentence for each refusal of each action that the pages call", () => {
    const called = sources.flatMap((text) =>
      [...text.matchAll(/const (\w+) = actionsOf<[^>]*>\("(\w+)"\)/g)].flatMap(([, local = "", service = ""]) =>
        [...text.matchAll(new RegExp(`\\b${local}\\.(\\w+)\\(`, "g"))].map(([, action = ""]) => `${service}.${action}`),
      ),
    );
    expect(new Set(called).size).toBeGreaterThan(90);
    const services = [...new Set(called.map((name) => name.split(".", 1)[0] ?? ""))];
    const rows = services.flatMap((service) => [
      ...contentOf(`services/${service}/README.md`).matchAll(/^\| `([\w.]+)`\s*\|[^|\n]*\|([^|\n]*)\|/gm),
    ]);
    const refusals = rows.flatMap(([, name = "", errors = ""]) =>
      called.includes(name) ? (errors.match(/\b[A-Z][A-Z_]{3,}\b/g) ?? []) : [],
    );
    expect(refusals).toEqual(expect.arrayContaining(["VISIT_NOT_OPEN", "BED_OCCUPIED"]));
    const has = (type: string) => Object.hasOwn(messagesOf("en"), `error.${type}`) || kindOf(type) !== undefined;
    expect([...new Set(refusals)].filter((type) => !has(type))).toEqual([]);
  });

  it("have a sentence for each rule, and what is wrong with patient, time, bed or status has one of its kind", () => {
    const rules = [...contentOf("docs/rules.md").matchAll(/^\| \w+ +\| `([a-z0-9-]+)`/gm)].map(([, id = ""]) => ruleType(id));
    expect(rules.length).toBeGreaterThan(200);
    expect(rules.filter((type) => kindOf(type) === undefined)).toEqual([]);
    const kinds = [
      "observation-time",
      "encounter-patient",
      "encounter-one-bed",
      "document-reference-signed",
      "immunization-in-life",
      "patient-rested-on",
    ];
    expect(kinds.map((id) => kindOf(ruleType(id)))).toEqual(
      ["time", "patient", "bed", "final", "inLife", "restedOn"].map((kind) => `error.rule.${kind}`),
    );
    expect([kindOf(ruleType("supply-request-quantity")), kindOf("BED_OCCUPIED")]).toEqual(["error.rule", undefined]);
  });

  const textsOf = (language: string): [string, string][] =>
    ["services/desk/messages", "services/identity/pages/messages"].flatMap((folder) =>
      Object.entries(JSON.parse(contentOf(`${folder}/${language}.json`)) as Record<string, string>),
    );

  it("are set as French is: what may not begin a line is bound to the word before it", () => {
    // A colon that is part of a plural form stands behind a letter or a comma, never behind a space.
    const wrong = textsOf("fr").filter(([, text]) => / [:;?!»]|« |[^\u202f\u00a0][;?!»](?=\s|$)|['"]|\.\.\./.test(text));
    expect(wrong).toEqual([]);
  });

  it("are set as Arabic is: with its own signs, one way to write the tanwin, and no signs of Latin between its words", () => {
    const wrong = textsOf("ar").filter(([, text]) => {
      const plain = text.replaceAll(/\{\w+, (plural|select),|ACCESS=\w+|Alt\+Z|[\w.]+\/…/g, "");
      return /[,;?]|\u0627\u064b| [،؛؟.:]|[\u0660-\u0669]/.test(plain);
    });
    expect(wrong).toEqual([]);
  });

  it("have the plural forms of Arabic", () => {
    const incomplete = Object.entries(messagesOf("ar")).filter(([, text]) => text.includes(", plural") && !/few\{.*many\{/.test(text));
    expect(incomplete).toEqual([]);
  });
});

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
