/** Apps on servers, which prove themselves by a key and by nothing else. */
import { exportJWK, generateKeyPair } from "jose";
import { asSystem } from "../../mesh/access/access.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import { Browser } from "../../scripts/identity/browser.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { App, configurationOf, REDIRECT } from "./app.ts";
import { type Assertions, assertionsOf } from "./program.ts";

const SCOPE = "openid user/Patient.rs offline_access";

describe("an app with a server", () => {
  let mesh: Mesh;
  let app: App;
  let portal: App;
  let sign: Assertions;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "identity"], nats: false, split: "broker", env: { ACCESS: "closed" } });
    app = await App.register(mesh, ["nurse"], SCOPE);
    const { privateKey, publicKey } = await generateKeyPair("ES384", { extractable: true });
    const jwks = { keys: [{ ...((await exportJWK(publicKey)) as Record<string, string>), alg: "ES384", kid: "portal", use: "sig" }] };
    await identity.createClient(asSystem(mesh.caller, "operator"), {
      id: "portal",
      name: "Portal",
      kind: "confidential",
      scope: SCOPE,
      redirectUris: [REDIRECT],
      jwks,
    });
    portal = new App(mesh, app.user, await configurationOf(mesh, "portal"));
    sign = assertionsOf("portal", `${mesh.base}/auth/token`, privateKey);
  });
  afterAll(() => mesh?.stop());

  const post = async (form: Record<string, string>, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${mesh.base}/auth/token`, { method: "POST", headers, body: new URLSearchParams(form) });
    const body = (await answer.json()) as { error?: string; refresh_token?: string };
    return { status: answer.status, ...body };
  };
  const proof = (client_assertion: string) => ({
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion,
  });
  const codeForm = async () => {
    const { url, verifier } = await portal.code(SCOPE, { browser: new Browser(mesh.base) });
    return { grant_type: "authorization_code", code: url.searchParams.get("code") ?? "", code_verifier: verifier, redirect_uri: REDIRECT };
  };
  const basic = (id: string, secret: string) => ({ Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` });

  it.each<[string, () => Promise<[form: Record<string, string>, headers?: Record<string, string>]>]>([
    ["its name alone", async () => [{ client_id: "portal" }]],
    ["a secret in the form", async () => [{ client_id: "portal", client_secret: "guessed" }]],
    ["a secret in the header", async () => [{}, basic("portal", "guessed")]],
    ["an empty secret in the header", async () => [{}, basic("portal", "")]],
    ["the name of an app that needs no proof", async () => [{ client_id: "app" }]],
    ["an assertion for another server", async () => [proof(await sign({ aud: "https://evil.example/token" }))]],
    ["an assertion that has ended", async () => [proof(await sign({ exp: Math.floor(Date.now() / 1_000) - 60 }))]],
    ["an assertion about another app", async () => [proof(await sign({ iss: "app", sub: "app" }))]],
    ["another's secret in the header beside its assertion", async () => [proof(await sign()), basic("app", "guessed")]],
  ])("by %s gets no token for a code, which its own proof still gets", async (_, made) => {
    const form = await codeForm();
    const [wrong, headers] = await made();
    const { status, error } = await post({ ...form, ...wrong }, headers);
    expect([400, 401]).toContain(status);
    expect(["invalid_client", "invalid_request", "invalid_grant"]).toContain(error);
    expect((await post({ ...form, ...proof(await sign()) })).status).toBe(200);
  });

  it("gets no token with a used assertion, neither for a code nor for a refresh token", async () => {
    const used = await sign();
    const { status, refresh_token = "" } = await post({ ...(await codeForm()), ...proof(used) });
    expect(status).toBe(200);
    expect(await post({ ...(await codeForm()), ...proof(used) })).toMatchObject({ status: 401, error: "invalid_client" });
    const refresh = { grant_type: "refresh_token", refresh_token };
    expect(await post({ ...refresh, ...proof(used) })).toMatchObject({ status: 401, error: "invalid_client" });
    expect(await post({ ...refresh, client_id: "app" })).toMatchObject({ status: 400, error: "invalid_grant" });
    expect((await post({ ...refresh, ...proof(await sign()) })).status).toBe(200);
  });

  it("answers each request completely or not at all while its person signs out, and none after that", async () => {
    const browser = new Browser(mesh.base);
    const { access_token } = await app.signIn("openid user/Patient.rs", { browser });
    const headers = { Authorization: `Bearer ${access_token}` };
    const status = async () => (await fetch(`${mesh.base}/api/identity/listRoles`, { headers })).status; // 403: signed in, and no administrator
    expect(await status()).toBe(403);
    const xsrf = /name="xsrf" value="(\w+)"/.exec((await browser.see("/auth/logout")).text)?.[1] ?? "";
    const during: Promise<number>[] = [];
    const signedOut = browser.see("/auth/logout/confirm", { xsrf, logout: "yes" });
    for (let n = 0; n < 100; n += 1) during.push(status());
    expect((await signedOut).text).toContain("You are signed out.");
    expect([401, 403]).toEqual(expect.arrayContaining([...new Set(await Promise.all(during))]));
    expect(await Promise.all(Array.from({ length: 20 }, status))).toEqual(Array(20).fill(401));
  });
});
