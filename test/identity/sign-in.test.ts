/** Apps that sign people in, by a client library that knows nothing of us. */
import { createLocalJWKSet, jwtVerify } from "jose";
import * as client from "openid-client";
import { identity } from "../../services/identity/identity.contract.ts";
import { Browser } from "../../scripts/identity/browser.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { App, NURSE, PASSWORD } from "./app.ts";

describe("an app that signs somebody in", () => {
  let mesh: Mesh;
  let app: App;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "patients", "identity"], nats: false, split: "broker" });
    app = await App.register(mesh);
  });
  afterAll(() => mesh?.stop());

  it("gets a token that says who it is, of which role and for what", async () => {
    const tokens = await app.signIn("openid fhirUser profile user/Observation.read user/Patient.cruds");
    const keys = createLocalJWKSet(await identity.keys(mesh.caller, {}));
    const { payload, protectedHeader } = await jwtVerify(tokens.access_token, keys, {
      issuer: `${mesh.base}/auth`,
      audience: mesh.base,
      typ: "at+jwt",
      algorithms: ["ES256"],
    });
    expect(protectedHeader.kid).toEqual(expect.any(String));
    const { iat = 0, exp = 0 } = payload;
    expect(exp - iat).toBe(600);
    expect(payload).toMatchObject({
      sub: app.user.id,
      client_id: "app",
      scope: "openid fhirUser profile user/Observation.rs user/Patient.cruds",
      roles: ["nurse"],
      fhirUser: "Practitioner/ada",
      name: "Ada Rossi",
      sid: expect.any(String),
      jti: expect.any(String),
    });
    expect(tokens.claims()).toMatchObject({ sub: app.user.id, name: "Ada Rossi", fhirUser: `${mesh.base}/fhir/Practitioner/ada` });
  });

  it("gets no more than it is registered for, and nothing of the system's own", async () => {
    const { scope } = await app.signIn("openid user/*.cruds system/*.cruds launch/encounter nonsense");
    expect(scope).toBe("openid user/Observation.rs user/Patient.cruds");
  });

  it("asks for consent once for what was granted before", async () => {
    const browser = new Browser(mesh.base);
    await app.signIn("openid user/Observation.rs", { browser });
    const { url, verifier, state } = await app.request("openid user/Observation.rs");
    const back = await browser.leave(url); // neither password nor consent
    const again = await app.exchange(back, verifier, state);
    expect(again.scope).toBe("openid user/Observation.rs");
    const { url: wider } = await app.request("openid user/Observation.rs user/Patient.r");
    expect((await browser.see(wider)).text).toContain("Allow The App?");
  });

  it("is told when its person refuses", async () => {
    const browser = new Browser(mesh.base);
    const { url, state } = await app.request("openid user/Observation.rs");
    const login = await browser.see(url);
    const consent = await browser.see(login.url, { step: "login", login: NURSE, password: PASSWORD });
    const back = await browser.leave(consent.url, { step: "cancel" });
    expect(back.searchParams.get("error")).toBe("access_denied");
    expect(back.searchParams.get("state")).toBe(state);
    expect(back.searchParams.get("code")).toBeNull();
  });

  it("reads where everything is from documents that are open to all", async () => {
    const read = async (path: string) => (await (await fetch(mesh.base + path)).json()) as Record<string, unknown>;
    const smart = await read("/fhir/.well-known/smart-configuration");
    const openid = await read("/.well-known/openid-configuration");
    expect(await read("/.well-known/smart-configuration")).toEqual(smart);
    for (const name of [
      "issuer",
      "jwks_uri",
      "authorization_endpoint",
      "token_endpoint",
      "introspection_endpoint",
      "revocation_endpoint",
    ]) {
      expect([name, smart[name]]).toEqual([name, openid[name]]);
    }
    expect(smart["capabilities"]).toContain("launch-standalone");
    expect(openid["code_challenge_methods_supported"]).toEqual(["S256"]);
    expect(openid["response_types_supported"]).toEqual(["code"]);
  });

  it("refreshes without its person, who is asked for that, and each refresh token is good once", async () => {
    const tokens = await app.signIn("openid user/Observation.rs offline_access");
    const first = await client.refreshTokenGrant(app.config, tokens.refresh_token ?? "");
    expect(first.refresh_token).not.toBe(tokens.refresh_token);
    const narrow = await client.refreshTokenGrant(app.config, first.refresh_token ?? "", { scope: "openid" });
    expect(narrow.scope).toBe("openid");
    const wide = client.refreshTokenGrant(app.config, narrow.refresh_token ?? "", { scope: "openid user/Patient.cruds" });
    await expect(wide).rejects.toMatchObject({ error: "invalid_scope" });
    // A second use of an old one: one of the two is not the app, and nobody knows which.
    await expect(client.refreshTokenGrant(app.config, tokens.refresh_token ?? "")).rejects.toMatchObject({ error: "invalid_grant" });
    await expect(client.refreshTokenGrant(app.config, narrow.refresh_token ?? "")).rejects.toMatchObject({ error: "invalid_grant" });
    expect(await endedSids(mesh)).toContain(sidOf(first.access_token));
  });

  it("looks at its token and gives it back, and all that came of the same grant ends", async () => {
    const tokens = await app.signIn("openid user/Observation.rs offline_access");
    const look = () => client.tokenIntrospection(app.config, tokens.access_token);
    expect(await look()).toMatchObject({ active: true, scope: "openid user/Observation.rs offline_access", client_id: "app" });
    await client.tokenRevocation(app.config, tokens.access_token);
    expect(await look()).toEqual({ active: false });
    await expect(client.refreshTokenGrant(app.config, tokens.refresh_token ?? "")).rejects.toMatchObject({ error: "invalid_grant" });
    expect(await endedSids(mesh)).toContain(sidOf(tokens.access_token));
  });

  it("signs its person out: the session, its tokens and those of other apps of this browser end", async () => {
    const browser = new Browser(mesh.base);
    const tokens = await app.signIn("openid user/Observation.rs online_access", { browser });
    const url = client.buildEndSessionUrl(app.config, {
      id_token_hint: tokens.id_token ?? "",
      post_logout_redirect_uri: "https://app.example/bye",
      state: "s",
    });
    const ask = await browser.see(url);
    expect(ask.text).toContain("Sign out?");
    const xsrf = /name="xsrf" value="(\w+)"/.exec(ask.text)?.[1] ?? "";
    const back = await browser.leave("/auth/logout/confirm", { xsrf, logout: "yes" });
    expect(back.href).toBe("https://app.example/bye?state=s");
    await expect(client.refreshTokenGrant(app.config, tokens.refresh_token ?? "")).rejects.toMatchObject({ error: "invalid_grant" });
    expect(await endedSids(mesh)).toContain(sidOf(tokens.access_token));
    expect((await browser.see((await app.request("openid")).url)).text).toContain("Login name");
  });
});

const sidOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { sid: string }).sid;
const endedSids = async (mesh: Mesh) => (await identity.endedSince(mesh.caller, { at: 0 })).map(({ sid }) => sid);
