/** Programs that need a running system, where none runs. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../test/kit/programs.ts";

const dir = mkdtempSync(join(tmpdir(), "openward-none-"));
afterAll(() => rmSync(dir, { recursive: true }));

describe("without a server that answers", () => {
  it.each([
    ["a token", ["token", "--try", "physician"]],
    ["the ledger", ["ledger", "check"]],
    ["a simulation", ["simulate", "--beds", "2", "--days", "1"]],
    ["an import", ["import", "samples"]],
    ["a demo", ["demo", "--url", "http://127.0.0.1:2"]],
  ])("%s says so in one sentence, and makes nothing", async (_, args) => {
    const env = { DATA_DIR: join(dir, "data"), PORT: "2", NATS_URL: "", MONGO_URL: "", TOKEN: "" };
    const program = run(args, env);
    expect([await program.ended, program.output()]).toEqual([
      1,
      expect.stringMatching(
        /^No server answers at http:\/\/127\.0\.0\.1:2\/fhir \(.+\): start one with `npm start`, or name it with --url\.\n$/,
      ),
    ]);
    expect(existsSync(join(dir, "data"))).toBe(false);
  });
});
