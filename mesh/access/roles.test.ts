import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROLES } from "../../services/identity/identity.contract.ts";
import { Access } from "./access.ts";
import { keysInMemory } from "../trust/key-files.ts";
import { namesAction, readRoles } from "./roles.ts";

const OWN = join(import.meta.dirname, "../../services/identity/roles");

describe("the files of the roles", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "openward-roles-"));
    mkdirSync(join(folder, "system"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: unknown) =>
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));

  it("exist for each role that an account may have", () => {
    expect([...readRoles(OWN).keys()].filter((name) => !name.startsWith("system:")).sort()).toEqual([...ROLES].sort());
  });

  it("list what is permitted, and nothing else is", () => {
    write("porter.json", {
      says: "Brings patients.",
      types: { "*": "r", Location: "rs", Invoice: "" },
      actions: ["wards.listBeds", "visits.*"],
    });
    const access = new Access({ isOpen: false, roles: readRoles(folder), keys: keysInMemory() });
    const rights = access.rightsOf({ sub: "1", roles: ["porter"] });
    expect(
      ["Patient", "Location", "Invoice"].map((type) => [rights.with(type, "r"), rights.with(type, "s"), rights.with(type, "u")]),
    ).toEqual([
      ["all", "none", "none"],
      ["all", "all", "none"],
      ["none", "none", "none"],
    ]);
    expect(["wards.listBeds", "wards.open", "visits.open", "visits"].map((action) => rights.mayCall(action))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(access.rightsOf({ sub: "1", roles: ["gardener"] }).with("Patient", "r")).toBe("none");
    expect(access.rightsOf({ sub: "1", roles: [] }).mayCall("wards.listBeds")).toBe(false);
  });

  it.each<[string, unknown, string]>([
    ["no JSON", "{", "it is no JSON"],
    ["without a sentence", { types: {}, actions: [] }, '"says" should be a sentence'],
    ["with what is unknown", { says: "x", types: {}, actions: [], may: 1 }, '"may" is unknown'],
    ["with letters in another order", { says: "x", types: { Patient: "sr" }, actions: [] }, '"Patient" should have letters of "cruds"'],
    ["with what is no type", { says: "x", types: { patient: "r" }, actions: [] }, '"patient" is no type'],
    ["with what is no action", { says: "x", types: {}, actions: ["wards"] }, '"wards" is no action'],
  ])("are refused %s", (_, content, sentence) => {
    write("odd.json", content);
    expect(() => readRoles(folder)).toThrow(`odd.json: ${sentence}`);
  });
});

describe("a pattern of actions", () => {
  it.each([
    ["wards.open", "wards.open", true],
    ["wards.*", "wards.open", true],
    ["wards.*", "wards.fhir.read", false],
    ["wards.*", "wards.events.replay", false],
    ["wards.*.*", "wards.events.replay", true],
    ["*.*", "wards.fhir.read", true],
    ["wards.*", "wardsmen.open", false],
    ["*.fhir.facts", "lab.fhir.facts", true],
    ["*.fhir.facts", "lab.fhir.fence", false],
    ["*.fhir.facts", "lab.fhir.facts.more", false],
    ["*.*", "lab.order", true],
  ])("%s names %s: %s", (pattern, action, isNamed) => {
    expect(namesAction(pattern, action)).toBe(isNamed);
  });
});
