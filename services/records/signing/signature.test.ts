/** What a signature is over, and the keys by which it is verified. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publicPart } from "../../../mesh/signing-key.ts";
import { SignatureKeys } from "./signature-keys.ts";
import { isGood, saidBy, signatureOf } from "./signature.model.ts";

describe("a signature", () => {
  const folder = mkdtempSync(join(tmpdir(), "openward-signing-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const kept = new Map<string, string>();
  const store = { get: async (key: string) => kept.get(key), put: async (key: string, value: string) => kept.set(key, value) && value };
  const keysIn = (name: string) => new SignatureKeys(() => store, join(folder, name, "key.json"));
  const signing = { target: "Composition/1/_history/1", who: "Practitioner/1", at: "2026-01-05T08:00:00.000Z" };

  it("covers the content of a version, whatever the order of its members", async () => {
    const own = await keysIn("one").signing();
    const key = publicPart(own);
    const jws = await signatureOf('{"a":1,"b":[{"c":"é","d":null}]}', signing, own);
    expect(jws).toMatch(/^[\w-]+\.\.[\w-]+$/);
    expect(saidBy(jws)).toMatchObject({ ...signing, kid: key.kid });
    expect(await isGood(jws, '{ "b": [{"d":null,"c":"é"}], "a": 1.0 }', key)).toBe(true);
    expect(await isGood(jws, '{"a":2,"b":[{"c":"é","d":null}]}', key)).toBe(false);
    const [, , end] = jws.split(".");
    const other = Buffer.from(JSON.stringify({ alg: "ES256", kid: key.kid, ...signing, who: "Practitioner/2" })).toString("base64url");
    expect(await isGood(`${other}..${end}`, '{"a":1,"b":[{"c":"é","d":null}]}', key)).toBe(false);
    expect(["", "a..b", `${Buffer.from("{}").toString("base64url")}..x`].map(saidBy)).toEqual([undefined, undefined, undefined]);
  });

  it("is verified by its key even if this node signs with another one now", async () => {
    const [one, two] = [await keysIn("one").signing(), await keysIn("two").signing()];
    expect(one.kid).not.toBe(two.kid);
    expect(await keysIn("two").known(one.kid)).toEqual({
      kty: "EC",
      crv: "P-256",
      x: one.x,
      y: one.y,
      kid: one.kid,
      alg: "ES256",
      use: "sig",
    });
    expect(await keysIn("two").known("none")).toBeUndefined();
    expect([...kept.values()].join()).not.toContain(one.d);
  });
});
