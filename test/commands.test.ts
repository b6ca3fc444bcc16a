import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { filesUnder } from "./kit/map.ts";
import packageJson from "../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..");
const documents = filesUnder(".", /\.md$/);
const linesOf = (file: string) => readFileSync(join(ROOT, file), "utf8").split("\n");

describe("the commands that the documents name", () => {
  it("are there", () => {
    expect(documents.length).toBeGreaterThan(40);
    const commands = documents.flatMap((file) =>
      linesOf(file).flatMap((line) => [...line.matchAll(/npm run (?:--silent )?([a-z][a-z-]*)/g)].map(([, name = ""]) => ({ file, name }))),
    );
    expect(commands.filter(({ name }) => !(name in packageJson.scripts))).toEqual([]);
  });

  it("run on the project's own Node: none begins with the machine's, which may be too old for types", () => {
    const own = documents.filter((file) =>
      linesOf(file).some((line) => /\bnode (?:--\S+ )*(?:bench|test|scripts|services)\/\S+\.ts\b/.test(line)),
    );
    expect(own).toEqual([]);
  });

  it("name each measurement", () => {
    const measurements = readdirSync(join(ROOT, "bench")).filter((file) => file.endsWith(".ts"));
    const names = measurements.map((file) => basename(file, ".ts")).filter((name) => !["kit", "full-hospital", "run"].includes(name));
    const readme = linesOf("bench/README.md").join("\n");
    expect(names.filter((name) => !readme.includes(`npm run bench -- ${name}`))).toEqual([]);
    const named = documents.flatMap((file) =>
      [
        ...linesOf(file)
          .join("\n")
          .matchAll(/npm run bench -- ([a-z-]+)/g),
      ].map(([, name]) => name ?? ""),
    );
    expect(named.filter((name) => !names.includes(name) && name !== "harness")).toEqual([]);
  });
});
