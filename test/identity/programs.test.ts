/** Programs that are not meant to sign in, or ask for what they may not have. */
import { exportSPKI, UnsecuredJWT } from "jose";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { type Program, registerProgram } from "./program.ts";

describe("the client assertion of a program", () => {
  let mesh: Mesh;
  let program: Program;
  let other: Program;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "identity"], nats: false, split: "broker" });
    program = await registerProgram(mesh, "loader", "system/Patient.rs system/Observation.rs?category=laboratory");
    other = await registerProgram(mesh, "other", "system/*.cruds");
  });
  afterAll(() => mesh?.stop());

  const ask = async (client_assertion: string, more: Record<string, string> = {}) => {
    const client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    const form = { grant_type: "client_credentials", client_assertion_type, client_assertion, ...more };
    const answer = await fetch(`${mesh.base}/auth/token`, { method: "POST", body: new URLSearchParams(form) });
    const { error, scope } = (await answer.json()) as { error?: string; scope?: string };
    return [answer.status, error ?? scope];
  };
  const GIVEN = [200, "system/Patient.rs system/Observation.rs?category=laboratory"];
  const REFUSED = [401, "invalid_client"];
  const inSeconds = (count: number) => Math.floor(Date.now() / 1_000) + count;

  it.each<[string, () => object, object?]>([
    ["for the issuer", () => ({ aud: `${mesh.base}/auth` })],
    ["for this server in a list", () => ({ aud: [`${mesh.base}/auth/token`] })],
    ["for five minutes", () => ({ exp: inSeconds(300) })],
    ["without a time of its making", () => ({ iat: undefined })],
    ["that says what it is", () => ({}), { typ: "client-authentication+jwt" }],
  ])("%s is taken", async (_, claims, header = {}) => {
    expect(await ask(await program.assertion(claims(), header))).toEqual(GIVEN);
  });

  it.each<[string, () => object, object?]>([
    ["for another server", () => ({ aud: "https://evil.example/token" })],
    ["for another server too", () => ({ aud: [`${mesh.base}/auth/token`, "https://evil.example/token"] })],
    ["for nobody", () => ({ aud: [] })],
    ["for a year", () => ({ exp: inSeconds(31_536_000) })],
    ["for longer than any number of seconds", () => ({ exp: 1e300 })],
    ["without an end", () => ({ exp: undefined })],
    ["that has ended", () => ({ exp: inSeconds(-60) })],
    ["that is made tomorrow", () => ({ iat: inSeconds(86_400), exp: inSeconds(60) })],
    ["that is good from tomorrow on", () => ({ nbf: inSeconds(86_400) })],
    ["without a name of its own", () => ({ jti: undefined })],
    ["about another program", () => ({ sub: "other" })],
    ["of another program by this one's key", () => ({ iss: "other", sub: "other" })],
    ["that is an access token", () => ({}), { typ: "at+jwt" }],
    ["with a path for the name of its key", () => ({}), { kid: "/dev/null" }],
  ])("%s is refused", async (_, claims, header = {}) => {
    expect(await ask(await program.assertion(claims(), header))).toEqual(REFUSED);
  });

  it("is refused without a signature, or signed with the public key as a secret", async () => {
    const claims = new UnsecuredJWT({}).setIssuer("loader").setSubject("loader").setAudience(`${mesh.base}/auth/token`);
    expect(await ask(claims.setExpirationTime("2m").setJti("unsigned").encode())).toEqual(REFUSED);
    const known = new TextEncoder().encode(await exportSPKI(program.publicKey));
    expect(await ask(await program.assertion({}, { alg: "HS256" }, known))).toEqual(REFUSED);
  });

  it("is valid once, at any node, and for no other program", async () => {
    const shown = await program.assertion();
    const client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    const form = { token: "nothing", client_assertion_type, client_assertion: shown };
    expect((await fetch(`${mesh.base}/auth/introspect`, { method: "POST", body: new URLSearchParams(form) })).status).toBe(200);
    expect(await ask(shown)).toEqual(REFUSED);
    expect(await ask(await program.assertion(), { client_id: "other" })).toEqual([400, "invalid_request"]);
    expect(await ask(await other.assertion())).toEqual([200, "system/*.cruds"]);
  });

  it.each([
    ["system/Patient.read", "system/Patient.rs"],
    ["system/Patient.cruds system/*.d", "system/Patient.rs"],
    ["system/Observation.rs", "system/Observation.rs?category=laboratory"],
  ])("gets of %s what it may have", async (scope, given) => {
    expect(await ask(await program.assertion(), { scope })).toEqual([200, given]);
  });

  it.each([
    ["authorization_code", "unauthorized_client"],
    ["refresh_token", "unauthorized_client"],
    ["password", "unsupported_grant_type"],
  ])("gets no token by the grant %s: %s", async (grant_type, error) => {
    expect(await ask(await program.assertion(), { grant_type })).toEqual([400, error]);
  });

  it.each([
    ["GET", "token", "POST, OPTIONS"],
    ["GET", "introspect", "POST, OPTIONS"],
    ["GET", "revoke", "POST, OPTIONS"],
    ["POST", "jwks", "GET, HEAD, OPTIONS"],
    ["OPTIONS", "authorize", "GET, HEAD, POST"],
  ])("is told which methods there are instead of %s at /auth/%s: %s", async (method, path, allow) => {
    const answer = await fetch(`${mesh.base}/auth/${path}`, { method });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, allow]);
    expect(((await answer.json()) as { error: string }).error).toBe("invalid_request");
  });

  it.each(["user/*.rs", "patient/Patient.rs", "openid", "system/Patient.d", "system/patient.rs", "nonsense", "actions"])(
    "gets no token for %s, which would open nothing",
    async (scope) => {
      expect(await ask(await program.assertion(), { scope })).toEqual([400, "invalid_scope"]);
    },
  );
});
