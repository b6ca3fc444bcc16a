import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AnomalyKind } from "../mesh/anomalies-contract.ts";
import { registry } from "../mesh/metrics.ts";
import packageJson from "../package.json" with { type: "json" };
import { serviceNames } from "../services/systems.ts";

const ROOT = join(import.meta.dirname, "..");
const contentOf = (name: string) => readFileSync(join(ROOT, name), "utf8");
const text = contentOf("docs/operations.md");
const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, one = ""]) => one);

describe("docs/operations.md", () => {
  const services = serviceNames({ system: "provider" });

  it("names commands that there are", () => {
    const scripts = all(/npm run (?:--silent )?([a-z][a-z-]*[a-z])/g);
    expect(new Set(scripts)).toEqual(
      new Set(["cluster", "backup", "restore", "repl", "admin", "token", "check-data", "ledger", "mesh-keys"]),
    );
    expect(scripts.filter((name) => !(name in packageJson.scripts))).toEqual([]);
    const usage = contentOf("scripts/cluster.ts");
    for (const command of all(/npm run cluster -- ([a-z]+)/g)) expect(usage).toContain(`case "${command}":`);
    for (const service of all(/npm run cluster -- (?:restart|scale|retire) ([a-z]+)/g)) expect(services).toContain(service);
    const compose = contentOf("docker-compose.yml");
    for (const service of all(/docker compose up [^`]*? ([a-z]+)`/g)) expect(compose).toMatch(new RegExp(`^ {2}${service}:$`, "m"));
    const commands = contentOf("scripts/repl.ts");
    for (const command of ["owners", "stores", "pending", "dead"]) expect(commands).toContain(`command: "${command}"`);
    expect(commands).toContain('command: "replay <service> <id>"');
  });

  it("names files and settings that there are", () => {
    const files = all(/`((?:deploy|test|scripts)\/[\w./-]+|docker-compose\.yml|\.env\.example)`/g);
    expect(files.length).toBeGreaterThan(4);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    const links = all(/\]\(([\w./-]+\.md)(?:#\w+)?\)/g);
    expect(links.filter((file) => !existsSync(join(ROOT, "docs", file)))).toEqual([]);
    const settings = [...all(/\b([A-Z][A-Z_]+)=/g), ...all(/`([A-Z]+_[A-Z_]+)`/g)];
    expect(settings.length).toBeGreaterThan(10);
    const isKnown = (name: string) =>
      contentOf("README.md").includes(`| \`${name}\``) || contentOf("deploy/Caddyfile").includes(`{$${name}`);
    expect(settings.filter((name) => !isKnown(name))).toEqual([]);
  });

  it("says of each metric that is no mere count, and of each kind of anomaly, what to do", () => {
    const known = (registry.getMetricsAsArray() as unknown as { name: string }[]).map(({ name }) => name);
    const named = all(/\b((?:openward|nodejs)_[a-z0-9_]+)/g);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
    const plain = ["openward_http_seconds", "openward_action_seconds", "openward_action_errors_total", "openward_requests_in_flight"];
    const missing = known.filter((name) => name.startsWith("openward_") && !named.includes(name));
    expect(missing.sort()).toEqual(plain.sort());
    expect(new Set(all(/journal: `([a-z-]+)`/g))).toEqual(new Set(Object.values(AnomalyKind)));
  });
});
