/** The tree tells the story: who may import whom, and documents that say what is so. */
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { ServiceSchema } from "moleculer";
import { readConfig } from "../mesh/config.ts";
import { isUnkeyed } from "../services/desk/pages/platform/unkeyed-actions.ts";
import { SYSTEMS, WHEN_CLOSED } from "../services/systems.ts";
import jestConfig from "../jest.config.mjs";
import { HEAVY, testsByProject } from "./kit/projects.ts";
import { contentOf, cycleOf, filesUnder, folderOf, importsOf, ROOMS, upward } from "./kit/map.ts";

const ROOT = join(import.meta.dirname, "..");
const SOURCES = ROOMS.flatMap((folder) => filesUnder(folder, /(?<!\.test)\.(ts|mjs)$/));
const imports = [...SOURCES, "moleculer.config.ts"].flatMap(importsOf);
const services = [...new Set([...Object.values(SYSTEMS).flat(), ...WHEN_CLOSED])];
const documents = filesUnder(".", /\.md$/);

describe("the folders", () => {
  it("stand each only on those below it", () => {
    expect(upward(imports)).toEqual([]);
    const turned = { from: "fhir/json.ts", to: "store/store.ts", isPackage: false };
    expect(upward([...imports, turned])).toEqual([turned]); // it would be seen
  });

  it("depend on each other in one direction, services too", () => {
    expect(cycleOf(imports, folderOf)).toBeUndefined();
    const turned = { from: "services/visits/visits.contract.ts", to: "services/billing/billing.contract.ts", isPackage: false };
    const back = { ...turned, from: turned.to, to: turned.from };
    expect(cycleOf([...imports, turned, back], folderOf)).toEqual(expect.arrayContaining(["services/visits", "services/billing"]));
  });

  it("have no circle of files", () => {
    expect(cycleOf(imports)).toBeUndefined();
    const turned = { from: "fhir/json.ts", to: "fhir/validate/index.ts", isPackage: false };
    expect(cycleOf([...imports, turned])).toEqual(expect.arrayContaining(["fhir/json.ts", "fhir/validate/index.ts"]));
  });

  it("let a service import of another its contract only", () => {
    const strangers = imports.filter(({ from, to }) => {
      const [here, there] = [folderOf(from), folderOf(to)];
      return from.startsWith("services/") && /^services\/[^/]+\//.test(to) && here !== there && !to.endsWith(".contract.ts");
    });
    expect(strangers).toEqual([]);
  });

  it("keep fhir/ free of the broker, of databases and of everything that stands on it", () => {
    const found = imports
      .filter(({ from, isType, isPackage }) => from.startsWith("fhir/") && !(isType && isPackage))
      .map(({ to, isPackage }) => (isPackage ? to : folderOf(to)));
    const allowed = [
      "fhir",
      "double-metaphone",
      "fhirpath",
      "fhirpath/fhir-context/r4",
      "node:crypto",
      "node:fs",
      "node:path",
      "node:url",
      "node:module",
      "node:worker_threads",
    ];
    expect([...new Set(found)].filter((to) => !allowed.includes(to))).toEqual([]);
  });

  it("leave the contract of a service to stand on nothing but other contracts", () => {
    const found = imports.filter(({ from, to }) => from.endsWith(".contract.ts") && !to.endsWith("contract.ts") && !to.startsWith("fhir/"));
    expect(found).toEqual([]);
  });

  it("hold a service each, and every service belongs to a system", () => {
    const folders = filesUnder("services", /\.service\.ts$/).map((file) => file.split("/")[1]);
    expect(folders.sort()).toEqual([...services].sort());
  });

  it("have one habit for private members: those of the language, not of its types", () => {
    const keyword = SOURCES.filter((file) => /^\s+(?:private|protected)\s/m.test(contentOf(file)));
    expect(keyword).toEqual([]);
  });

  it("name in their comments only files and errors that there are", () => {
    const all = filesUnder(".", /./);
    const isFile = (name: string) => all.some((file) => file === name || file.endsWith(`/${name}`));
    const papers = all.filter((file) => /^services\/\w+\/README\.md$|^docs\/adr\/.*\.md$/.test(file));
    const errors = new Set([
      "Error",
      ...SOURCES.flatMap((file) => [...contentOf(file).matchAll(/\bclass (\w+)/g)].map(([, name = ""]) => name)),
    ]);
    const found = [...SOURCES, ...papers].flatMap((file) => {
      const text = contentOf(file);
      const comments = file.endsWith(".md") ? text : [...text.matchAll(/\/\*\*[\s\S]*?\*\/|\/\/ .*/g)].join("\n");
      const files = [...comments.matchAll(/`((?:[\w-]+\/)*[\w.-]+\.(?:ts|mjs))`/g)].map(([, name = ""]) => name);
      const thrown = [...comments.matchAll(/@throws (.*)/g)].flatMap(([, all = ""]) =>
        [...all.matchAll(/(?:^|; )([A-Z][a-z]\w+)\b/g)].map(([, name = ""]) => name),
      );
      const gone = [...files.filter((name) => !isFile(name)), ...thrown.filter((name) => !errors.has(name) && !(name in globalThis))];
      return gone.map((name) => `${file}: ${name}`);
    });
    expect(found).toEqual([]);
  });

  it("say in a contract what a service owns: the deployment declares it from there, before a process of it is seen", () => {
    const inline = filesUnder(".", /\.service\.ts$/).filter((file) => /\bFhir\(\{\s*owns: \[(?!\.\.\.owns\])/.test(contentOf(file)));
    expect(inline).toEqual([]);
  });

  it("spell the form of FHIR's ids in one place", () => {
    const spelt = /\[A-Za-z0-9(?:\\*-\.|\.-)\]\{1,64\}/;
    expect(SOURCES.filter((file) => spelt.test(contentOf(file)))).toEqual(["fhir/ids.ts"]);
  });

  it("leave the index's encoding to fhir/search, and the stores that keep it", () => {
    const spelt = SOURCES.filter((file) => !/^(fhir|store)\//.test(file) && /\bSEP\b/.test(contentOf(file)));
    expect(spelt).toEqual([]);
  });

  it("take a context for a caller as it is, without a cast", () => {
    expect(SOURCES.filter((file) => /\b(?:this|ctx|broker|caller) as never/.test(contentOf(file)))).toEqual([]);
  });

  it("read the environment in one place", () => {
    const readers = SOURCES.filter((file) => !file.startsWith("scripts/") && /\bprocess\.env\b/.test(contentOf(file)));
    expect(readers).toEqual(["mesh/config.ts"]);
  });
});

it("the pages send each action that they call, and that only reads, without an Idempotency-Key", async () => {
  const pages = filesUnder("services/desk/pages", /\.ts$/).map(contentOf).join("\n");
  const reading: string[] = [];
  for (const name of services) {
    const { default: given } = (await import(join(ROOT, `services/${name}/${name}.service.ts`))) as {
      default: ServiceSchema | ((config: object) => ServiceSchema);
    };
    const { actions = {} } = typeof given === "function" ? given(readConfig({})) : given;
    for (const [action, definition] of Object.entries(actions)) {
      const isCalled = new RegExp(`\\b${name}\\.${action}\\(`).test(pages);
      if (isCalled && (definition as { rest?: string }).rest === "GET") reading.push(`${name}.${action}`);
    }
  }
  expect(reading.length).toBeGreaterThan(10);
  expect(reading.filter((action) => !isUnkeyed(action))).toEqual([]);
  expect(isUnkeyed("visits.open")).toBe(false);
});

describe.each(services)("the README of %s", (name) => {
  const readme = contentOf(`services/${name}/README.md`);
  const rows = [...readme.matchAll(/^\| `([a-z][a-z0-9]*\.[A-Za-z0-9]+)` *\| ([^|]*)\|/gm)].map(([, action = "", http = ""]) => ({
    action,
    http: http.trim(),
  }));

  it("lists exactly the actions of its contract, as they are published over HTTP", async () => {
    const contract = Object.values(await import(join(ROOT, `services/${name}/${name}.contract.ts`))) as Record<
      string,
      { action?: string }
    >[];
    const promised = contract.flatMap((it) => Object.values(it ?? {}).flatMap(({ action }) => action ?? []));
    expect(rows.map(({ action }) => action)).toEqual(promised);
    const service = (
      (await import(join(ROOT, `services/${name}/${name}.service.ts`))) as { default: ServiceSchema | ((config: object) => ServiceSchema) }
    ).default;
    const { actions = {} } = typeof service === "function" ? service(readConfig({})) : service;
    for (const { action, http } of rows) {
      const { rest } = actions[action.slice(name.length + 1)] as { rest?: string };
      if (rest) expect(http).toBe(`${rest} /api/${action.replace(".", "/")}`);
      else expect(http).not.toContain("/api/");
    }
  });

  it("names exactly the errors that it defines", () => {
    const file = `services/${name}/${name}.errors.ts`;
    const defined = existsSync(join(ROOT, file)) ? [...contentOf(file).matchAll(/"([A-Z]+(?:_[A-Z]+)+)"/g)].map(([, type]) => type) : [];
    const named = [...readme.matchAll(/\b\d(?:\d\d|xx) ([A-Z]+(?:_[A-Z]+)+)\b/g)].map(([, type]) => type);
    expect([...new Set(named)].sort()).toEqual([...new Set(defined)].sort());
  });
});

describe("a clone", () => {
  /** All text of the project but lists of packages and made data. */
  const files = filesUnder(".", /./).filter((file) => !/^(package-lock\.json$|samples\/.*\.json$|fhir\/generated\/)/.test(file));
  const madeLater = /^(node_modules|\.servers|data|coverage)\//;
  /** Paths in a text that lead to nothing of the project: out of it, or to a folder of somebody's machine. */
  const strange = (file: string, text: string): string[] => {
    const isThere = (path: string, folder: string) => {
      const to = normalize(join(folder, path));
      return !to.startsWith("..") && (madeLater.test(to) || existsSync(join(ROOT, to)));
    };
    const up = [...text.matchAll(/(?<![\w./])(?:\.\.\/)+[\w@][\w.@/-]*/g)].map(([path]) => path);
    const absolute = [...text.matchAll(/(?<![\w.:*$}/-])\/(?:work|home|root|Users|mnt|opt)\/[\w.-]+/g)].map(([path]) => path);
    // An example in a document is written as it stands in a service.
    return [...up.filter((path) => !isThere(path, dirname(file)) && !isThere(path, "services/any")), ...absolute];
  };

  it("is enough: no file names anything outside the project", () => {
    expect(files.length).toBeGreaterThan(300);
    expect(files.flatMap((file) => strange(file, contentOf(file)).map((path) => ({ file, path })))).toEqual([]);
    // It would be seen:
    const beside = `..${"/"}shared/data`;
    expect(strange("fhir/json.ts", `join(import.meta.dirname, "../${beside}")`)).toEqual([`../${beside}`]);
    expect(strange("bench/kit.ts", `join(ROOT, "${beside}")`)).toEqual([beside]);
    expect(strange("bench/kit.ts", `"${["", "home", "ann"].join("/")}"`)).toHaveLength(1);
  });
});

describe("the tests", () => {
  const { unit, mesh } = testsByProject();

  it("are each in one project, and those of `unit` start no server, no program of the project and no download", async () => {
    expect([...unit, ...mesh].sort()).toEqual(filesUnder(".", /\.test\.ts$/).sort());
    const starting = /"\.[^"]*\bkit\/(mesh|fhir-mesh|hospital|stores|programs)\.ts"|servers\.mjs"|\bstart(Mesh|Nats|Redis|Mongo)\(/;
    const found = [...unit, ...mesh].filter((file) => starting.test(contentOf(file)) && !file.endsWith("map.test.ts"));
    expect(found.length).toBeGreaterThan(40);
    expect(found.filter((file) => unit.includes(file))).toEqual([]);
    for (const file of Object.keys(HEAVY)) expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
  });

  it("fetch servers before those of `mesh` only", () => {
    const { projects } = jestConfig as { projects: { displayName: string; globalSetup?: string }[] };
    expect(projects.map(({ displayName, globalSetup }) => [displayName, globalSetup !== undefined])).toEqual([
      ["unit", false],
      ["mesh", true],
    ]);
  });
});

describe("the documents", () => {
  const { scripts, allowScripts } = JSON.parse(contentOf("package.json")) as {
    scripts: Record<string, string>;
    allowScripts: Record<string, boolean>;
  };

  it("name only commands that there are", () => {
    const told = [...documents, ...SOURCES].flatMap((file) =>
      [...contentOf(file).matchAll(/\bnpm run (?:--silent )?([a-z][a-z-]*[a-z])/g)].map(([, command = ""]) => ({ file, command })),
    );
    expect(told.length).toBeGreaterThan(10);
    expect(told.filter(({ command }) => scripts[command] === undefined)).toEqual([]);
  });

  it("list every setting with its default, and no other", () => {
    const read = [...contentOf("mesh/config.ts").matchAll(/\bread\("([A-Z_]+)"/g)].map(([, name = ""]) => name);
    const table = new Map(
      [...contentOf("README.md").matchAll(/^\| `([A-Z_]+)` *\| ([^|]*?) *\|/gm)].map(([, name = "", value = ""]) => [name, value]),
    );
    expect([...table.keys()].sort()).toEqual(read.sort());
    const { port, host, system, logLevel, conditionalDelete } = readConfig({});
    const told = ["PORT", "HOST", "SYSTEM", "LOG_LEVEL", "CONDITIONAL_DELETE"].map((name) => table.get(name));
    expect(told).toEqual([`${port}`, host, system, logLevel, conditionalDelete]);
  });

  it("link only to what is there", () => {
    const links = documents.flatMap((file) =>
      [...contentOf(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = ""]) => ({ file, link })),
    );
    expect(links.filter(({ file, link }) => !existsSync(join(ROOT, dirname(file), link)))).toEqual([]);
  });

  it("of docs/ name only files and folders that there are", () => {
    const rooms = [...ROOMS, "docs", "test", "bench", "deploy", "samples"].join("|");
    const path = new RegExp(`(?<![\\w./-])(?:${rooms})/(?:[\\w.-]+/)*[\\w-]+(?:\\.[\\w-]+)*\\.(?:ts|mjs|md|json|js|html|css)\\b`, "g");
    const named = documents
      .filter((file) => file.startsWith("docs/"))
      .flatMap((file) => [...contentOf(file).matchAll(path)].map(([name]) => ({ file, name })));
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter(({ name }) => !existsSync(join(ROOT, name)))).toEqual([]);
    expect("federation/no-such.ts").toMatch(path); // it would be seen
  });

  it("have a script behind each command, which installs first what is missing", () => {
    for (const [name, command] of Object.entries(scripts)) {
      const [, mode, script = "", argument] = /^node (?:--\S+ )*scripts\/ensure\.mjs (run|full) (\S+)(?: (\S+))?/.exec(command) ?? [];
      expect([name, mode]).toEqual([name, expect.any(String)]);
      const files = script === "scripts/run.mjs" ? [script, `scripts/${argument}.ts`] : [script];
      expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    }
  });

  it("let no package run a script of its own when it is installed, whatever npm's version", () => {
    expect(contentOf(".npmrc")).toMatch(/^ignore-scripts=true$/m);
    expect(Object.keys(scripts).filter((name) => /^(pre|post)/.test(name))).toEqual([]); // npm would not run them
    expect(Object.values(allowScripts)).not.toContain(true);
    const { packages } = JSON.parse(contentOf("package-lock.json")) as {
      packages: Record<string, { hasInstallScript?: boolean; optional?: boolean; version?: string }>;
    };
    const having = Object.entries(packages).filter(([, { hasInstallScript, optional }]) => hasInstallScript && !optional);
    const names = having.map(([path]) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
    expect(Object.keys(allowScripts).sort()).toEqual([...new Set(names)].sort());
  });

  it("run on what is installed without development packages", () => {
    const { dependencies } = JSON.parse(contentOf("package.json")) as { dependencies: Record<string, string> };
    const running = imports
      .filter(({ from }) => !/^scripts\/(generate|new)/.test(from))
      .filter(({ isPackage, isType, to }) => isPackage && !isType && !to.startsWith("node:"));
    const names = running.map(({ to }) =>
      to
        .split("/")
        .slice(0, to.startsWith("@") ? 2 : 1)
        .join("/"),
    );
    expect([...new Set(names)].filter((name) => !(name in dependencies))).toEqual([]);
  });

  it("pin every dependency to one version", () => {
    const { dependencies, optionalDependencies, devDependencies } = JSON.parse(contentOf("package.json")) as Record<
      string,
      Record<string, string>
    >;
    const pinned = { ...dependencies, ...optionalDependencies, ...devDependencies };
    expect(Object.entries(pinned).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});
