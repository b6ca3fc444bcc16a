import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Collection } from "../../../store/documents/documents.ts";
import { collections } from "../../../test/kit/collection.ts";
import { type KeySet, keysAt, PERIOD_MS, periodsAt, REPLACED_MS, renewKeys, type StoredKey } from "./signing-keys.ts";

describe("the signing keys of tokens", () => {
  const collection = collections();
  let folder: string;
  let known: Collection<StoredKey>;
  beforeAll(async () => {
    known = await collection<StoredKey>("keys");
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "openward-keys-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("are published before they are used, and after", () => {
    const begin = 100 * PERIOD_MS;
    expect(periodsAt(begin + 1)).toEqual([100, 99]);
    expect(periodsAt(begin + PERIOD_MS / 2)).toEqual([100]);
    expect(periodsAt(begin + PERIOD_MS - 1)).toEqual([100, 101]);
  });

  it("are created once by concurrent processes, readable by nobody else, and removed eventually", async () => {
    const now = 100 * PERIOD_MS + PERIOD_MS / 2;
    const sets = await Promise.all(Array.from({ length: 8 }, () => keysAt(now, folder, known)));
    expect(new Set(sets.map(({ id }) => id)).size).toBe(1);
    expect(readdirSync(folder).sort()).toEqual(["identity-es256-100.json", "identity-rs256-100.json"]);
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o077).toBe(0);
    const before = await keysAt(101 * PERIOD_MS - 1, folder, known);
    const after = await keysAt(101 * PERIOD_MS + 1, folder, known);
    expect(before.keys.map(({ kid }) => kid).reverse()).toEqual(after.keys.map(({ kid }) => kid));
    await keysAt(103 * PERIOD_MS + PERIOD_MS / 2, folder, known);
    expect(readdirSync(folder).sort()).toEqual(["identity-es256-103.json", "identity-rs256-103.json"]);
  });

  it("are the same on all machines, or the start is refused", async () => {
    const other = mkdtempSync(join(tmpdir(), "openward-keys-"));
    await keysAt(200.5 * PERIOD_MS, folder, known);
    await expect(keysAt(200.5 * PERIOD_MS, other, known)).rejects.toMatchObject({ code: 500, type: "KEYS_DIFFER" });
    rmSync(other, { recursive: true, force: true });
  });

  it("are all replaced if others may have them", async () => {
    const now = 300.5 * PERIOD_MS;
    const before = await keysAt(now, folder, known);
    const after = await renewKeys(now, { folder, areStolen: true }, known);
    expect(after.idTokenKeys[0].kid).not.toBe(before.idTokenKeys[0].kid);
    expect(after.keys[0].kid).not.toBe(before.keys[0].kid);
    expect(await keysAt(now, folder, known)).toEqual(after);
    expect(readdirSync(folder).sort()).toEqual(["identity-es256-300.json", "identity-rs256-300.json"]);
  });

  it.each([
    ["in the middle of a period", 400.5],
    ["where the next one is published already", 501 - 1e-6],
    ["where the last one is still published", 602 + 1e-6],
  ])("are all new %s also while nodes look at them", async (_, period) => {
    const now = period * PERIOD_MS;
    for (let round = 0; round < 10; round += 1) {
      const before = new Set((await keysAt(now, folder, known)).keys.map(({ kid }) => kid));
      const looks = Array.from({ length: 10 }, () => keysAt(now, folder, known).catch(() => undefined));
      const [after] = await Promise.all([renewKeys(now, { folder, areStolen: true }, known), ...looks]);
      expect(after.keys.filter(({ kid }) => before.has(kid))).toEqual([]);
      expect(await keysAt(now, folder, known)).toEqual(after);
    }
  });

  it.each([
    ["of access tokens, in the middle of a period", 700.5, "keys"],
    ["of access tokens, where the next one is published already", 801 - 1e-6, "keys"],
    ["of access tokens, where the last one is still published", 902 + 1e-6, "keys"],
    ["of ID tokens, in the middle of a period", 710.5, "idTokenKeys"],
    ["of ID tokens, where the last one is still published", 912 + 1e-6, "idTokenKeys"],
  ] as const)("%s, sign no more when they are replaced, and are published until their last token has run out", async (_, period, list) => {
    const now = Math.floor(period * PERIOD_MS);
    const kids = (set: KeySet) => set[list].map(({ kid }) => kid);
    const [signing = ""] = kids(await keysAt(now, folder, known));
    const first = kids(await renewKeys(now, { folder, areStolen: false }, known));
    const second = kids(await renewKeys(now + 1, { folder, areStolen: false }, known));
    expect([first[0] === signing, first.includes(signing)]).toEqual([false, true]);
    expect([second[0] === first[0], second.includes(first[0] ?? ""), second.includes(signing)]).toEqual([false, true, true]);
    expect(kids(await keysAt(now + REPLACED_MS - 1, folder, known))).toContain(signing);
    const after = kids(await keysAt(now + REPLACED_MS + 1, folder, known));
    expect([second.includes(after[0] ?? ""), after.includes(signing), after.includes(first[0] ?? "")]).toEqual([true, false, false]);
  });

  it("are invalid at once if they are stolen, including those that were replaced before", async () => {
    const now = 1_000.5 * PERIOD_MS;
    const before = await keysAt(now, folder, known);
    const replaced = await renewKeys(now, { folder, areStolen: false }, known);
    const { keys } = await renewKeys(now + 1, { folder, areStolen: true }, known);
    const old = new Set([...before.keys, ...replaced.keys].map(({ kid }) => kid));
    expect(keys.filter(({ kid }) => old.has(kid))).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual(["identity-es256-1000.json", "identity-rs256-1000.json"]);
  });
});
