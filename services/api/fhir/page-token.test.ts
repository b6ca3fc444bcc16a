import { randomBytes } from "node:crypto";
import { packToken, sealPageLinksWith, unpackToken } from "./page-token.ts";

const HOUR_MS = 3_600_000;
const KEY = Buffer.alloc(32, 7);
const secret = "name=Rossi&identifier=urn:ssn|123";

describe("a page link", () => {
  const kept = new Map<string, string>();
  const criteria = {
    put: async (name: string, value: string) => void kept.set(name, value),
    get: async (name: string) => kept.get(name),
  };
  beforeEach(() => {
    kept.clear();
    sealPageLinksWith(KEY, criteria);
    jest.useFakeTimers({ now: 1_800_000_000_000 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  const content = { query: secret, after: { values: ["a"], seq: 7 } };
  const invalid = { status: 400, issues: [{ code: "invalid" }] };
  const expired = { status: 410, issues: [{ code: "expired" }] };

  it("contains what the next page needs, encrypted", async () => {
    const token = await packToken("Patient", content);
    expect(await unpackToken(token, "Patient")).toEqual(content);
    const seen = Buffer.from(token, "base64url").toString("latin1");
    for (const part of ["Rossi", "123", "query", "after"]) expect(seen).not.toContain(part);
    expect(await packToken("Patient", content)).not.toBe(token); // equal searches cannot be told
  });

  it("is valid at every gateway that has the key, and at no other", async () => {
    const token = await packToken("Patient", content);
    sealPageLinksWith(Buffer.from(KEY));
    expect(await unpackToken(token, "Patient")).toEqual(content);
    sealPageLinksWith(randomBytes(32));
    await expect(unpackToken(token, "Patient")).rejects.toMatchObject(invalid);
  });

  it("is refused for another place, changed, truncated, or made up", async () => {
    const token = await packToken("Patient", content);
    await expect(unpackToken(token, "Observation")).rejects.toMatchObject(invalid);
    for (let index = 0; index < token.length; index += 7) {
      const changed = token.slice(0, index) + (token[index] === "A" ? "B" : "A") + token.slice(index + 1);
      await expect(unpackToken(changed, "Patient")).rejects.toMatchObject(invalid);
    }
    for (const made of ["", "A", token.slice(0, -1), token.slice(0, 30), "=".repeat(100), "é".repeat(100)]) {
      await expect(unpackToken(made, "Patient")).rejects.toMatchObject(invalid);
    }
  });

  it("has one spelling, however long it is", async () => {
    for (const more of ["", "a", "ab", "abc", "abcd", "abcde"]) {
      const token = await packToken("Patient", { ...content, query: `${content.query}&name=${more}${randomBytes(9).toString("hex")}` });
      for (const spelt of [`${token}x`, `${token}=`, `${token}==`, `${token}.`, ` ${token}`]) {
        await expect(unpackToken(spelt, "Patient")).rejects.toMatchObject(invalid);
      }
    }
  });

  it("expires after an hour", async () => {
    const token = await packToken("Patient", content);
    jest.advanceTimersByTime(HOUR_MS - 1_000);
    expect(await unpackToken(token, "Patient")).toEqual(content);
    jest.advanceTimersByTime(2_000);
    await expect(unpackToken(token, "Patient")).rejects.toMatchObject(expired);
  });

  it.each([10_000, 66_000, 1_000_000])("is short for a query of %i characters, which stays at the server as hidden", async (length) => {
    const long = { ...content, query: `_id=${randomBytes(length).toString("hex").slice(0, length)}` };
    const token = await packToken("Patient", long);
    expect(token.length).toBeLessThan(500);
    expect(await unpackToken(token, "Patient")).toEqual(long);
    for (const text of kept.values()) expect(Buffer.from(text, "base64url").toString("latin1")).not.toContain(long.query.slice(0, 20));
    await packToken("Patient", { ...long, after: 8 });
    expect(kept.size).toBe(1); // the pages of one search share it
    kept.clear();
    await expect(unpackToken(token, "Patient")).rejects.toMatchObject(expired);
  });
});
