import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../../mesh/config.ts";
import { listedRules, rulesFiles } from "../../scripts/generate/rules.ts";

const ROOT = join(import.meta.dirname, "../..");

describe("the list of the hospital's rules", () => {
  it("matches the services: docs/rules.md, and the names that RULES may have", async () => {
    for (const [path, text] of Object.entries(await rulesFiles())) {
      expect([path, readFileSync(join(ROOT, path), "utf8")]).toEqual([path, text]);
    }
  });

  it("names a test for each rule", async () => {
    const rules = await listedRules();
    expect(rules.length).toBeGreaterThan(4);
    expect(rules.filter(({ test }) => test === undefined).map(({ id }) => id)).toEqual([]);
  });

  it("is configured by names, and unknown names are refused", () => {
    expect(readConfig({ RULES: "off" }).rules).toEqual({ otherwise: "off", named: {} });
    expect(readConfig({ RULES: "references:all, status:warn,encounter-period:off" }).rules).toEqual({
      otherwise: "on",
      named: { references: "all", status: "warn", "encounter-period": "off" },
    });
    for (const RULES of ["statuses:off", "status", "status:all", "status:off:off", "constructor:off"]) {
      expect(() => readConfig({ RULES })).toThrow(/RULES is .*The names are .*encounter-period/s);
    }
  });
});
