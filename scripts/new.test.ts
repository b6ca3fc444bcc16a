/** `npm run new -- …`, each in a copy of the project: what it makes is whole, and what a newcomer runs next is green. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "..");
/** What is installed, fetched or stored: the copy uses the project's own, or has none. */
const SHARED = ["node_modules", ".servers"];
const LEFT_OUT = new Set([...SHARED, ".git", "data", "coverage"]);

let copy: string;
function makeCopy(): void {
  copy = mkdtempSync(join(tmpdir(), "openward-new-"));
  cpSync(ROOT, copy, { recursive: true, filter: (from) => !LEFT_OUT.has(relative(ROOT, from)) });
  mkdirSync(join(ROOT, ".servers"), { recursive: true });
  for (const folder of SHARED) symlinkSync(join(ROOT, folder), join(copy, folder));
}
const removeCopy = () => rmSync(copy, { recursive: true });

function node(...args: string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: copy,
    encoding: "utf8",
    env: { ...process.env, MONGO_URL: "", NATS_URL: "" },
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: status, said: stdout + stderr };
}
const make = (...args: string[]) => node("scripts/new.ts", ...args);
const runJest = (...args: string[]) => node("--experimental-vm-modules", "node_modules/jest/bin/jest.js", "--silent", ...args);
const types = () => node("node_modules/typescript/bin/tsc", "-p", "tsconfig.json");
const lint = () => node("node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "services", "scripts");
const contentOf = (file: string) => readFileSync(join(copy, file), "utf8");
/** Of a run that shall be green: its code, and what it said where it is not. */
const outcome = ({ code, said }: { code: number | null; said: string }) => ({ code, said: code === 0 ? "" : said.slice(-5_000) });
const clean = { code: 0, said: "" };

/** A name for a service that the project has not. */
const unused = (name: string): string => (existsSync(join(ROOT, "services", name)) ? unused(`${name}2`) : name);
const DENTISTRY = unused("dentistry");
const KITCHENS = unused("kitchens");
const CAREPLANS = unused("careplans");
const LAUNDRIES = unused("laundries");

describe("a new service", () => {
  beforeAll(makeCopy);
  afterAll(removeCopy);

  it("is made, owns the types it was given, and has a container", () => {
    expect(make("service", DENTISTRY, "--owns", "Flag,Slot")).toEqual({
      code: 0,
      said: expect.stringContaining("Slot was owned by visits"),
    });
    expect(contentOf("services/systems.ts")).toMatch(new RegExp(`"${DENTISTRY}",\\s*\\],\\s*national`));
    const compose = contentOf("docker-compose.yml");
    // As those of the project have it: its own keys, its own user of the database. test/compose.test.ts holds the rest, below.
    const containerOf = (service: string) => new RegExp(`^ {2}${service}:\\n(?: {4}.*\\n)*`, "m").exec(compose)?.[0];
    expect(containerOf(DENTISTRY)).toBe(containerOf("personnel")?.replaceAll("personnel", DENTISTRY));
    const secretsOf = (service: string) => compose.split("\n").filter((line) => line.includes(`./secrets/`) && line.includes(service));
    expect(secretsOf(DENTISTRY)).toEqual(secretsOf("personnel").map((line) => line.replaceAll("personnel", DENTISTRY)));
    expect(contentOf(`services/${DENTISTRY}/${DENTISTRY}.contract.ts`)).toContain('[] = ["Flag", "Slot"]');
    expect(contentOf("test/api/keyed-actions.ts")).toMatch(new RegExp(`^const ${DENTISTRY}: Record<string, Asked>`, "m"));
    // A test that starts records, or visits, has it too.
    const beside = contentOf("test/kit/taken-over.ts").replaceAll(/\s/g, "");
    for (const from of ["records", "visits"]) expect(beside).toContain(`["${from}","${DENTISTRY}"]`);
    // Versions of a Flag are events that others handle: they still are.
    expect(contentOf(`services/${DENTISTRY}/${DENTISTRY}.contract.ts`)).toContain('emits = ["Flag"]');
    expect(contentOf(`services/${DENTISTRY}/${DENTISTRY}.service.ts`)).toContain("mixins: [Fhir({ owns, emits, rules })]");
    expect(contentOf(`services/${DENTISTRY}/README.md`)).toContain("Owns the FHIR types Flag, Slot.");
    expect(contentOf("services/records/records.contract.ts")).not.toContain('"Flag"');
    expect(contentOf(`services/${DENTISTRY}/${DENTISTRY}.model.ts`)).not.toMatch(/skeleton|Basic/i);
  });

  it("is told which rules its type loses with its owner, and of no others", () => {
    const { said } = make("service", unused("optics"), "--owns", "VisionPrescription,BodyStructure");
    expect(said).toMatch(
      /VisionPrescription was owned by records.*\n +no more: [\w-]+(?:, [\w-]+)* \(services\/records\/records\.rules\.ts\)/,
    );
    expect(said).not.toMatch(/BodyStructure was owned by records.*\n +no more/);
  });

  it("without types keeps data of its own", () => {
    expect(make("service", KITCHENS)).toEqual({ code: 0, said: expect.stringContaining(`services/${KITCHENS} is there`) });
    expect(contentOf(`services/${KITCHENS}/${KITCHENS}.service.ts`)).toContain("mixins: [Store(");
    expect(contentOf(`services/${KITCHENS}/README.md`)).toContain("Owns no FHIR type");
  });

  it.each([
    [
      "a name with a hyphen",
      ["service", "dental-care"],
      /^"dental-care" cannot be the name of a service: it should be .*; use "dentalcare"\.\n$/,
    ],
    ["capitals and an accent", ["service", "Santé"], /^"Santé" cannot be the name of a service: it should be .*; use "sante"\.\n$/],
    [
      "capitals of a name that is taken",
      ["service", "Lab"],
      /^"Lab" cannot be the name of a service: it should be .*; like "dentistry"\.\n$/,
    ],
    ["a name of other letters", ["service", "صيدلية"], /; like "dentistry"\.\n$/],
    ["a word of the language", ["service", "class"], /^"class" cannot be the name of a service: it means something in TypeScript\.\n$/],
    ["a name that every object has", ["service", "constructor"], /^"constructor" cannot .*: it means something in TypeScript\.\n$/],
    ["a name that makes a promise", ["service", "then"], /^"then" cannot .*: it means something in TypeScript\.\n$/],
    ["a device of Windows", ["service", "aux"], /^"aux" cannot be the name of a service: on Windows no folder can have it\.\n$/],
    [
      "a word of the first files",
      ["service", "action"],
      /^"action" cannot be the name of a service: the files that a service begins with .*\n$/,
    ],
    ["a name that is taken", ["service", "lab"], /^There is a service with the name "lab" already: choose another\.\n$/],
    ["a type that there is not", ["service", "opticians", "--owns", "Glasses"], /^"Glasses" is no resource type of FHIR R4\.\n$/],
    [
      "a type that is shared",
      ["service", "opticians", "--owns", "Observation"],
      /^Observation is shared by several services: CONTRIBUTING\.md says .*\n$/,
    ],
    ["no name", ["service"], /^usage: npm run new/],
    ["two names", ["service", "opticians", "dentists"], /^"dentists" is one name too many\.\nusage: npm run new/],
    ["an option of an action", ["service", "opticians", "--get"], /^usage: npm run new/],
    ["an option that there is not", ["service", "opticians", "--own", "Flag"], /^Unknown option '--own'.*\nusage: npm run new/],
    ["something else than a service", ["mixin", "opticians"], /^usage: npm run new/],
  ])("is refused in one sentence for %s, and nothing is written", (_, args, sentence) => {
    const before = [contentOf("services/systems.ts"), contentOf("docker-compose.yml")];
    expect(make(...args)).toEqual({ code: 1, said: expect.stringMatching(sentence) });
    expect(existsSync(join(copy, "services/opticians"))).toBe(false);
    expect([contentOf("services/systems.ts"), contentOf("docker-compose.yml")]).toEqual(before);
  });
});

describe("after `npm run new -- service careplans --owns Goal`, and one of a service with data of its own", () => {
  beforeAll(() => {
    makeCopy();
    expect(outcome(make("service", CAREPLANS, "--owns", "Goal"))).toEqual(clean);
    expect(outcome(make("service", LAUNDRIES))).toEqual(clean);
  });
  afterAll(removeCopy);

  it("all tests without a server pass, those of the containers, and those of making the next service", () => {
    // The rooms below know no service, and a service knows of others only what their contracts say (test/map.test.ts).
    const knowing = ["test", "scripts", `services/${CAREPLANS}`, `services/${LAUNDRIES}`].map((folder) => join(copy, folder, "/"));
    expect(outcome(runJest(...knowing, "--selectProjects", "unit", "--testPathIgnorePatterns", "/scripts/cluster/"))).toEqual(clean);
    const containers = runJest("test/compose.test.ts", "-t", "docker-compose.yml|the image");
    expect(outcome(containers)).toEqual(clean);
    expect(outcome(runJest("scripts/new.test.ts", "-t", "^a new service"))).toEqual(clean);
  });

  it("an action is made in every service that has actions, and the compiler, the linter and the map are content with all of it", () => {
    const having = ["wards", "patients", "hospitalizations", "lab", "pharmacy", "billing", "journal", "visits"];
    for (const service of having) {
      expect([service, make("action", `${service}.tryOut`, "--get").said]).toEqual([service, expect.stringContaining("is there")]);
    }
    expect(outcome(types())).toEqual(clean);
    expect(outcome(lint())).toEqual(clean);
    expect(outcome(runJest("test/map.test.ts"))).toEqual(clean);
  });
});

describe("a new action", () => {
  beforeAll(makeCopy);
  afterAll(removeCopy);

  it("has contract, params, error, a line in the README, and a test that fails and says what to write", () => {
    expect(make("action", "visits.reschedule")).toEqual({
      code: 0,
      said: expect.stringContaining("npm test -- services/visits/visits.test.ts"),
    });
    expect(contentOf("services/visits/visits.contract.ts")).toContain('action<{ note: string }, { note: string }>("visits.reschedule")');
    expect(contentOf("services/visits/README.md")).toMatch(
      /^\| `visits\.reschedule` \| POST \/api\/visits\/reschedule \| 501 RESCHEDULE_NOT_WRITTEN +\|$/m,
    );
    const { code, said } = runJest("services/visits");
    expect(code).toBe(1);
    expect(said).toContain("visits.reschedule is not written yet: its rule belongs in visits.model.ts.");
    expect(said).toMatch(/Tests: +1 failed, \d+ passed/);
  });

  it.each([
    [
      "no service",
      ["action", "reschedule"],
      /^"reschedule" cannot be the name of an action: it should be SERVICE\.VERB in letters and digits; like "visits\.reschedule"\.\n$/,
    ],
    [
      "a name with a hyphen",
      ["action", "visits.book-again"],
      /^"visits\.book-again" cannot be the name of an action: .*; use "visits\.bookAgain"\.\n$/,
    ],
    ["a name that every object has", ["action", "visits.constructor"], /^"visits\.constructor" cannot .* TypeScript\.\n$/],
    ["a name that makes a promise", ["action", "visits.then"], /^"visits\.then" cannot .* TypeScript\.\n$/],
    ["a name that is none", ["action", "visits.%"], /^"visits\.%" cannot be the name of an action: .*; like "visits\.reschedule"\.\n$/],
    [
      "a service with a hyphen",
      ["action", "out-patients.open"],
      /^"out-patients" cannot be the name of a service: .*; like "dentistry"\.\n$/,
    ],
    ["a service with a hyphen too many", ["action", "vis-its.open"], /^"vis-its" cannot be the name of a service: .*; use "visits"\.\n$/],
    ["three parts", ["action", "visits.a.b"], /^"visits\.a\.b" cannot be the name of an action/],
    [
      "a service that there is not",
      ["action", "opticians.open"],
      /^There is no service "opticians": `npm run new -- service opticians` makes one\.\n$/,
    ],
    ["a path", ["action", ["..", "visits.open"].join("/")], /cannot be the name of an action/],
    ["an action that there is", ["action", "visits.close"], /^There is an action visits\.close already: choose another name\.\n$/],
    ["a service without actions", ["action", "codification.open"], /^codification has no actions of its own yet/],
    ["the gateway", ["action", "api.open"], /^api has no actions of its own yet/],
    ["types", ["action", "visits.move", "--owns", "Flag"], /^usage: npm run new/],
    ["no name", ["action"], /^usage: npm run new/],
  ])("is refused in one sentence for %s, and nothing is written", (_, args, sentence) => {
    const before = contentOf("services/visits/visits.contract.ts");
    expect(make(...args)).toEqual({ code: 1, said: expect.stringMatching(sentence) });
    expect(contentOf("services/visits/visits.contract.ts")).toBe(before);
  });
});
