import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

describe.each(["docs/conformance.md", "docs/asvs.md"])("%s", (document) => {
  const text = readFileSync(join(ROOT, document), "utf8");
  const shown = [...text.matchAll(/`([\w/.-]+\.test\.ts): ([^`]+)`/g)].map(([, file = "", name = ""]) => [file, name] as const);

  it("names tests that there are", () => {
    expect(shown.length).toBeGreaterThan(50);
    const missing = shown.filter(([file, name]) => !existsSync(join(ROOT, file)) || !readFileSync(join(ROOT, file), "utf8").includes(name));
    expect(missing).toEqual([]);
  });

  it("shows each line that says yes or partly", () => {
    const lines = text.split("\n").filter((line) => /^\|[^|]+\| (yes|partly) \|/.test(line));
    expect(lines.length).toBeGreaterThan(50);
    expect(lines.filter((line) => !line.includes(".test.ts: "))).toEqual([]);
  });
});
