import { readFileSync } from "node:fs";
import { join } from "node:path";
import { outputs } from "../../scripts/generate/outputs.ts";

describe("the files that npm run generate writes", () => {
  it.each(Object.keys(outputs))("is committed as %s, byte for byte", (name) => {
    const { text } = outputs[name]!();
    expect(readFileSync(join(import.meta.dirname, name), "utf8") === text).toBe(true);
  });

  it("are small enough to load in milliseconds", () => {
    expect(readFileSync(join(import.meta.dirname, "search.json")).length).toBeLessThan(400_000);
  });
});
