/** Access tokens as attackers make them, and as they end. */
import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from "jose";
import type { Caller } from "../../../mesh/caller.ts";
import { TokenCheck } from "./tokens.ts";

const ORIGIN = "https://ehr.example";
const CLAIMS = {
  roles: ["nurse"],
  scope: "user/*.rs",
  client_id: "app",
  sid: "session-1",
  jti: "token-1",
  name: "Ada Rossi",
  fhirUser: "Practitioner/1",
};
const HEADER = { alg: "ES256", typ: "at+jwt", kid: "key-1" };

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;

describe("an access token", () => {
  let ours: Keys;
  let theirs: Keys;
  let tokens: TokenCheck;
  let asked: string[];
  let published: object[];

  beforeAll(async () => {
    [ours, theirs] = await Promise.all([generateKeyPair("ES256", { extractable: true }), generateKeyPair("ES256", { extractable: true })]);
  });
  beforeEach(async () => {
    asked = [];
    published = [{ ...(await exportJWK(ours.publicKey)), kid: "key-1", alg: "ES256", use: "sig" }];
    const call = async (action: string) => {
      asked.push(action);
      return action === "identity.keys" ? { keys: published } : [];
    };
    tokens = new TokenCheck({ call } as unknown as Caller, () => ORIGIN);
  });

  const sign = (claims: object = {}, { key = ours.privateKey, header = HEADER as JWTHeaderParameters, life = "10m" } = {}) =>
    new SignJWT({ ...CLAIMS, ...claims })
      .setProtectedHeader(header)
      .setIssuedAt()
      .setIssuer(`${ORIGIN}/auth`)
      .setAudience(ORIGIN)
      .setSubject("account-1")
      .setExpirationTime(life)
      .sign(key);
  const REFUSED = { code: 401, type: "INVALID_TOKEN" };
  const part = (text: object) => Buffer.from(JSON.stringify(text)).toString("base64url");

  it("of our identity names the caller", async () => {
    const { identity } = await tokens.read(await sign());
    expect(identity).toEqual({
      sub: "account-1",
      roles: ["nurse"],
      scope: "user/*.rs",
      client: "app",
      sid: "session-1",
      jti: "token-1",
      name: "Ada Rossi",
      fhirUser: "Practitioner/1",
    });
  });

  it("is verified once, and the keys are fetched once", async () => {
    const token = await sign();
    const first = await tokens.read(token);
    expect(await tokens.read(token)).toBe(first);
    await tokens.read(await sign({ jti: "token-2" }));
    expect(asked).toEqual(["identity.keys"]);
  });

  it("is refused with a foreign key, under our key's id and under another", async () => {
    await expect(tokens.read(await sign({}, { key: theirs.privateKey }))).rejects.toMatchObject(REFUSED);
    const header = { ...HEADER, kid: "key-2" };
    await expect(tokens.read(await sign({}, { key: theirs.privateKey, header }))).rejects.toMatchObject(REFUSED);
  });

  it("is refused without a signature, or signed with our public key as a secret", async () => {
    const now = Math.floor(Date.now() / 1_000);
    const claims = { ...CLAIMS, iss: `${ORIGIN}/auth`, aud: ORIGIN, sub: "account-1", iat: now, exp: now + 600 };
    await expect(tokens.read(`${part({ alg: "none", typ: "at+jwt" })}.${part(claims)}.`)).rejects.toMatchObject(REFUSED);
    const known = new TextEncoder().encode(JSON.stringify(published[0]));
    const swapped = await new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: "key-1" }).sign(known);
    await expect(tokens.read(swapped)).rejects.toMatchObject(REFUSED);
    const embedded = { ...HEADER, jwk: await exportJWK(theirs.publicKey) } as JWTHeaderParameters;
    await expect(tokens.read(await sign({}, { key: theirs.privateKey, header: embedded }))).rejects.toMatchObject(REFUSED);
  });

  it.each<[string, object]>([
    ["for another server", { aud: "https://other.example" }],
    ["of another issuer", { iss: "https://other.example/auth" }],
    ["without an account", { sub: undefined }],
    ["of the mesh's own work", { sub: "system:operator" }],
    ["with a role of the mesh's own work", { roles: ["nurse", "system:operator"] }],
    ["without roles", { roles: undefined }],
    ["with roles that are no list", { roles: "administrator" }],
    ["without a scope", { scope: undefined }],
    ["that has no end", { exp: undefined }],
    ["that has ended", { exp: Math.floor(Date.now() / 1_000) - 10 }],
  ])("%s is refused", async (_, claims) => {
    const now = Math.floor(Date.now() / 1_000);
    const whole = { ...CLAIMS, iss: `${ORIGIN}/auth`, aud: ORIGIN, sub: "account-1", iat: now, exp: now + 600, ...claims };
    const token = await new SignJWT(JSON.parse(JSON.stringify(whole)) as object as never).setProtectedHeader(HEADER).sign(ours.privateKey);
    await expect(tokens.read(token)).rejects.toMatchObject(REFUSED);
  });

  it.each<[string, object]>([
    ["a path for the name of the key", { kid: "/dev/null" }],
    ["a name of the key that is no text", { kid: ["key-1"] }],
    ["an address of keys of its own", { jku: "https://evil.example/jwks" }],
    ["a certificate of its own", { x5c: ["MIIB"] }],
    ["something that must be understood", { crit: ["exp"], exp: 1 }],
    ["another kind", { typ: "logout+jwt" }],
    ["no kind", { typ: undefined }],
  ])("with %s in its header is refused", async (_, more) => {
    const header = JSON.parse(JSON.stringify({ ...HEADER, ...more })) as JWTHeaderParameters;
    const forged = await sign({}, { key: theirs.privateKey, header }).catch(() => undefined); // what the library itself does not make
    const text = forged ?? `${part(header)}.${(await sign({}, { key: theirs.privateKey })).split(".").slice(1).join(".")}`;
    await expect(tokens.read(text)).rejects.toMatchObject(REFUSED);
  });

  it("is refused a second after it expires, and before it becomes valid", async () => {
    const now = Math.floor(Date.now() / 1_000);
    const whole = { ...CLAIMS, iss: `${ORIGIN}/auth`, aud: ORIGIN, sub: "account-1", iat: now - 600 };
    for (const times of [{ exp: now - 1 }, { exp: now + 600, nbf: now + 60 }]) {
      const token = await new SignJWT({ ...whole, ...times }).setProtectedHeader(HEADER).sign(ours.privateKey);
      await expect(tokens.read(token)).rejects.toMatchObject(REFUSED);
    }
  });

  it("is refused if it is an ID token, not an access token", async () => {
    await expect(tokens.read(await sign({}, { header: { ...HEADER, typ: "JWT" } }))).rejects.toMatchObject(REFUSED);
  });

  it("with an unknown key is refused, and a flood of them fetches our keys at most once in five seconds", async () => {
    await tokens.read(await sign());
    const header = { ...HEADER, kid: "key-2" };
    const token = await sign({}, { key: theirs.privateKey, header });
    await expect(tokens.read(token)).rejects.toMatchObject(REFUSED);
    await Promise.all(Array.from({ length: 50 }, () => tokens.read(token).catch(() => undefined)));
    expect(asked).toEqual(["identity.keys"]);
  });

  it.each<[string, object]>([
    ["account", { sub: "account-1" }],
    ["session", { sid: "session-1" }],
    ["token", { jti: "token-1" }],
    ["app", { clientId: "app" }],
  ])("ends with its %s, also where it is remembered", async (_, what) => {
    const token = await sign();
    await tokens.read(token);
    tokens.noteEnded({ id: "1", at: Date.now() + 1, ...what });
    await expect(tokens.read(token)).rejects.toMatchObject(REFUSED);
    const other = await sign({ sub: "account-2", sid: "session-2", jti: "token-2", client_id: "other" });
    if (!("sub" in what)) expect((await tokens.read(other)).identity.sub).toBe("account-1");
  });

  it("with a replaced key is refused, even if it was verified before, and the new keys are fetched at once", async () => {
    const token = await sign();
    await tokens.read(token);
    const renewed = { id: "1", at: Date.now(), keys: true } as const;
    published = [{ ...(await exportJWK(theirs.publicKey)), kid: "key-2", alg: "ES256", use: "sig" }];
    tokens.noteEnded(renewed);
    const header = { ...HEADER, kid: "key-2" };
    const other = await sign({ jti: "token-2" }, { key: theirs.privateKey, header });
    const read = [tokens.read(token), tokens.read(other)];
    await expect(read[0]).rejects.toMatchObject(REFUSED);
    expect((await read[1])?.identity.jti).toBe("token-2");
    tokens.noteEnded(renewed); // gateways hear of it by the event and by the list
    await tokens.read(other);
    expect(asked).toEqual(["identity.keys", "identity.keys"]);
  });

  it("is not accepted with keys that were fetched before they ended", async () => {
    const ended = { id: "1", at: Date.now(), keys: true } as const;
    const answers = [published, [{ ...(await exportJWK(theirs.publicKey)), kid: "key-2", alg: "ES256", use: "sig" }]];
    const call = async () => {
      const keys = answers.shift() ?? [];
      if (answers.length === 1) tokens.noteEnded(ended); // while the answer is on its way
      return { keys };
    };
    tokens = new TokenCheck({ call } as unknown as Caller, () => ORIGIN);
    await expect(tokens.read(await sign())).rejects.toMatchObject(REFUSED);
    expect(answers).toEqual([]);
  });

  it.each<[string, object, boolean]>([
    ["of a person with a password alone", { amr: ["pwd"] }, true],
    ["of a person who does not say how", {}, true],
    ["of a person with a second factor", { amr: ["pwd", "otp"] }, false],
    ["of a trial account", { amr: ["pwd"], for_trying: true }, false],
    ["of a program", { sid: undefined }, false],
  ])("%s says whether a second factor is missing", async (_, claims, isMissing) => {
    expect((await tokens.read(await sign(claims))).lacksSecondFactor).toBe(isMissing);
  });

  it("issued after its account's others were ended is valid", async () => {
    tokens.noteEnded({ id: "1", at: Date.now() - 5_000, sub: "account-1" });
    expect((await tokens.read(await sign())).identity.sub).toBe("account-1");
  });

  it("issued in the same second as its account's others were ended is valid if it came after that", async () => {
    const iat = Math.floor(Date.now() / 1_000);
    tokens.noteEnded({ id: "1", at: iat * 1_000 + 300, sub: "account-1" });
    const issued = (ms: number) => sign({ iat_ms: iat * 1_000 + ms, jti: `token-${ms}` });
    expect((await tokens.read(await issued(301))).identity.sub).toBe("account-1");
    await expect(tokens.read(await issued(299))).rejects.toMatchObject(REFUSED);
  });
});
