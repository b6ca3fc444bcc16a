/** Trial accounts of several roles, asked for at the same moment. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../mesh/config.ts";
import { sharedToken, tryAccounts } from "./try-account.ts";

it("each role's account is created once, and its password is kept, also when several are asked for at once", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "openward-try-"));
  const before = process.env.DATA_DIR;
  process.env.DATA_DIR = dataDir; // stores read their settings when they start
  const config = readConfig({ DATA_DIR: dataDir, PUBLIC_URL: "https://ehr.example" });
  const asked = await Promise.all([tryAccounts(config, ["nurse"]), tryAccounts(config, ["physician"])]);
  const kept = JSON.parse(readFileSync(join(dataDir, "try-accounts.json"), "utf8")) as Record<string, string>;
  expect(kept).toEqual(Object.fromEntries(asked.flat().map(({ login, password }) => [login, password])));
  expect(await tryAccounts(config, ["nurse", "physician"])).toEqual(asked.flat());
  if (before === undefined) delete process.env.DATA_DIR;
  else process.env.DATA_DIR = before;
  rmSync(dataDir, { recursive: true });
});

describe("a shared token", () => {
  const valid = (text: string) => ({ text, until: Date.now() + 60_000 });

  it("is asked for once by all that need it at the same moment", async () => {
    let asked = 0;
    const token = sharedToken(async () => {
      asked += 1;
      return valid(`token ${asked}`);
    });
    expect(await Promise.all([token(), token(), token()])).toEqual(["token 1", "token 1", "token 1"]);
  });

  it("is asked for again, once, after its end and after a failure", async () => {
    const answers = [() => Promise.reject(new Error("down")), async () => ({ text: "first", until: 0 }), async () => valid("second")];
    const token = sharedToken(() => (answers.shift() as () => Promise<{ text: string; until: number }>)());
    expect(await token()).toBe("first");
    expect(await Promise.all([token(), token()])).toEqual(["second", "second"]);
    expect(await token()).toBe("second");
  });
});
