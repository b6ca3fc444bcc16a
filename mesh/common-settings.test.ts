import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommonSettings, commonSettings, differences, refusedBy, type SetNode, sentenceOfDifference } from "./common-settings.ts";
import { readConfig } from "./config.ts";

const settingsOf = (env: Record<string, string>): CommonSettings => commonSettings(readConfig({ DATA_DIR: "/data", ...env }));

const node = (id: string, env: Record<string, string> = {}, services = ["lab"]): SetNode => ({ id, services, settings: settingsOf(env) });

/** Settings in which a node differs from another one. */
const differing = (own: SetNode, other: SetNode): string[] => differences(own, [other]).map(({ setting }) => setting);

const folder = mkdtempSync(join(tmpdir(), "openward-test-"));
const catalogue = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

describe("the settings of two nodes", () => {
  it.each([
    ["ACCESS", { ACCESS: "open" }, { ACCESS: "closed" }, "lab"],
    ["HOSPITAL_TIME_ZONE", { HOSPITAL_TIME_ZONE: "Africa/Algiers" }, {}, "lab"],
    ["RULES", { RULES: "references:warn" }, { RULES: "references:off" }, "visits"],
    ["PUBLIC_URL", { PUBLIC_URL: "https://ehr.example" }, {}, "patients"],
    ["ORGANIZATION", { ORGANIZATION: "Organization/1" }, { ORGANIZATION: "Organization/2" }, "lab"],
    ["DATE_SEARCH", { DATE_SEARCH: "overlap" }, {}, "transactions"],
    ["CONDITIONAL_DELETE", { CONDITIONAL_DELETE: "multiple" }, {}, "api"],
    ["CORS_ORIGIN", { CORS_ORIGIN: "https://app.example" }, { CORS_ORIGIN: "*" }, "api"],
    ["PAGE_KEY", { PAGE_KEY: "11".repeat(32) }, { PAGE_KEY: "22".repeat(32) }, "api"],
    ["AUDIT_YEARS", { AUDIT_YEARS: "5" }, {}, "ledger"],
    ["SUBSCRIPTION_NETWORKS", { SUBSCRIPTION_NETWORKS: "10.1.0.0/16" }, {}, "subscriptions"],
    ["LAB_CATALOGUE_FILE", { LAB_CATALOGUE_FILE: catalogue("a", "[]") }, { LAB_CATALOGUE_FILE: catalogue("b", "[1]") }, "lab"],
    ["data", { MONGO_URL: "mongodb://a/one" }, { MONGO_URL: "mongodb://a/two" }, "lab"],
  ])("differ in %s", (setting, one, other, service) => {
    expect(differing(node("a", one, [service]), node("b", other, [service]))).toEqual([setting]);
  });

  it.each([
    ["the same rules in another order", { RULES: "status:off,references:warn" }, { RULES: "references:warn,status:off" }, "lab", "lab"],
    ["users of the database", { MONGO_URL: "mongodb://lab@a/one" }, { MONGO_URL: "mongodb://visits@a/one" }, "lab", "lab"],
    ["places of different services' data", { MONGO_URL: "mongodb://a/one" }, { MONGO_URL: "mongodb://b/one" }, "lab", "visits"],
    ["what only gateways read", { PAGE_KEY: "11".repeat(32), CORS_ORIGIN: "*" }, {}, "lab", "api"],
    [
      "one catalogue in two places",
      { LAB_CATALOGUE_FILE: catalogue("c", "[]") },
      { LAB_CATALOGUE_FILE: catalogue("d", "[]") },
      "lab",
      "lab",
    ],
    ["what is each node's own", { LOG_LEVEL: "debug", METRICS_PORT: "1", TRUSTED_PROXIES: "10.0.0.1" }, {}, "api", "api"],
  ])("do not differ by %s", (_, one, other, service, otherService) => {
    expect(differing(node("a", one, [service]), node("b", other, [otherService]))).toEqual([]);
  });

  it("are not compared with those of a node without services, like an operator's, or of an older version", () => {
    const own = node("a", { ACCESS: "open" });
    expect(differences(own, [node("repl", {}, []), { id: "b", services: ["lab"], settings: {} }])).toEqual([]);
    expect(differences(node("repl", {}, []), [own])).toEqual([]);
  });

  it("do not contain a key", () => {
    const key = "5e".repeat(32);
    expect(JSON.stringify(settingsOf({ PAGE_KEY: key, MONGO_URL: "mongodb://lab:word@a/one" }))).not.toMatch(/5e5e|word/);
  });
});

describe("a node that differs decisively", () => {
  const here = { HOSPITAL_TIME_ZONE: "Africa/Algiers" };

  it("is refused if most of the others have another value, with a sentence that names the value and a node", () => {
    const others = [node("lab-1", here), node("lab-2", here), node("lab-3")];
    const refused = refusedBy(differences(node("lab-4"), others), others);
    expect(refused && sentenceOfDifference(refused)).toBe(
      "HOSPITAL_TIME_ZONE is UTC here, but Africa/Algiers at 2 other nodes, like lab-1: their answers differ. Set the same on every node.",
    );
  });

  it.each([
    ["the others have its value", [node("lab-1"), node("lab-2"), node("lab-3", here)]],
    ["it differs in what may change while the mesh runs", [node("lab-1", { RULES: "off" }), node("lab-2", { RULES: "off" })]],
    ["it is the first one", []],
  ])("is not refused if %s", (_, others) => {
    expect(refusedBy(differences(node("lab-4"), others), others)).toBeUndefined();
  });
});
