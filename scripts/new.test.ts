/** `npm run new -- service …`, in a copy of the project. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const COPIED = ["fhir", "mesh", "store", "federation", "mixins", "services", "scripts", "test/kit", "test/map.test.ts", "bench"];
const FILES = ["moleculer.config.ts", "package.json", "package-lock.json", "tsconfig.json", "jest.config.mjs", "biome.json", ".npmrc"];

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "openward-new-"));
  for (const path of [...COPIED, ...FILES]) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
});
afterAll(() => rmSync(copy, { recursive: true }));

function node(...args: string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: copy,
    encoding: "utf8",
    env: { ...process.env, MONGO_URL: "", NATS_URL: "" },
  });
  return { code: status, said: stdout + stderr };
}
const make = (...args: string[]) => node("scripts/new.ts", ...args);
const contentOf = (file: string) => readFileSync(join(copy, file), "utf8");

describe("a new service", () => {
  it("is made, owns the types it was given, and passes its tests, the compiler and the guards of the map", () => {
    expect(make("service", "dentistry", "--owns", "Flag,Slot")).toEqual({
      code: 0,
      said: expect.stringContaining("Slot was owned by visits"),
    });
    expect(contentOf("services/systems.ts")).toMatch(/"codification",\s*"dentistry",\s*\]/);
    expect(contentOf("services/dentistry/dentistry.service.ts")).toContain('mixins: [Fhir({ owns: ["Flag", "Slot"] })]');
    expect(contentOf("services/dentistry/README.md")).toContain("Owns the FHIR types Flag, Slot.");
    expect(contentOf("services/records/records.contract.ts")).not.toContain('"Flag"');
    expect(make("service", "kitchens").code).toBe(0);

    const jest = ["--experimental-vm-modules", "node_modules/jest/bin/jest.js", "--rootDir", copy, "--silent"];
    const tests = node(
      ...jest,
      "services/dentistry",
      "services/kitchens",
      "test/map.test.ts",
      "-t",
      "dentistry|kitchens|quantity|the folders|the README",
    );
    expect([tests.code, tests.said]).toEqual([0, expect.stringMatching(/Test Suites: 3 passed/)]);
    const types = spawnSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", "tsconfig.json"], { cwd: copy, encoding: "utf8" });
    expect(types.stdout.split("\n").filter((line) => /services\/(dentistry|kitchens|visits|records)/.test(line))).toEqual([]);
  }, 120_000);

  it.each([
    ["a name with a hyphen", ["service", "out-patients"], /^"out-patients" cannot be the name of a service: it should be .*\n$/],
    ["a word of the language", ["service", "class"], /^"class" cannot be the name of a service: it means something in TypeScript\.\n$/],
    ["a name that is taken", ["service", "lab"], /^There is a service with the name "lab" already: choose another\.\n$/],
    ["a type that there is not", ["service", "opticians", "--owns", "Glasses"], /^"Glasses" is no resource type of FHIR R4\.\n$/],
    [
      "a type that is shared",
      ["service", "opticians", "--owns", "Observation"],
      /^Observation is shared by several services: CONTRIBUTING\.md says .*\n$/,
    ],
    ["no name", ["service"], /^usage: npm run new/],
    ["something else than a service", ["mixin", "opticians"], /^usage: npm run new/],
  ])("is refused in one sentence for %s, and nothing is written", (_, args, sentence) => {
    const before = contentOf("services/systems.ts");
    expect(make(...args)).toEqual({ code: 1, said: expect.stringMatching(sentence) });
    expect(existsSync(join(copy, "services/opticians"))).toBe(false);
    expect(contentOf("services/systems.ts")).toBe(before);
  });
});
