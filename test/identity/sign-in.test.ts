/** Apps that sign people in, by a client library that knows nothing of us. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose";
import * as client from "openid-client";
import { generate } from "otplib";
import { identity } from "../../services/identity/identity.contract.ts";
import { Browser } from "../../scripts/identity/browser.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { App, configurationOf, NURSE, PASSWORD, REDIRECT, SCOPE } from "./app.ts";

describe("an app that signs somebody in", () => {
  let mesh: Mesh;
  let app: App;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "patients", "identity"], nats: false, split: "broker" });
    app = await App.register(mesh);
  });
  afterAll(() => mesh?.stop());

  it("gets a token with its person, role and purpose", async () => {
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

  it("gets only the scopes that it is registered for, and none of the system", async () => {
    const { scope } = await app.signIn("openid user/*.cruds system/*.cruds launch/encounter nonsense");
    expect(scope).toBe("openid user/Observation.rs user/Patient.cruds");
  });

  it("asks for consent once for the same scopes", async () => {
    const browser = new Browser(mesh.base);
    await app.signIn("openid user/Observation.rs", { browser });
    const { url, verifier, state } = await app.request("openid user/Observation.rs");
    const back = await browser.leave(url); // neither password nor consent
    const again = await app.exchange(back, verifier, state);
    expect(again.scope).toBe("openid user/Observation.rs");
    const { url: wider } = await app.request("openid user/Observation.rs user/Patient.r");
    expect((await browser.see(wider)).text).toContain("Allow The App?");
  });

  it("gets tokens with another key, once an operator has made new ones", async () => {
    const kidOf = ({ access_token }: { access_token: string }) =>
      (JSON.parse(Buffer.from(access_token.split(".")[0] ?? "", "base64url").toString()) as { kid: string }).kid;
    const before = kidOf(await app.signIn("openid"));
    const { keys } = await identity.renewKeys(mesh.caller, {});
    const tokens = await new App(mesh, app.user, await configurationOf(mesh, "app")).signIn("openid");
    expect(keys.map(({ kid }) => kid)).toContain(kidOf(tokens));
    // Of before is what was signed until now, and is good until it runs out.
    expect(keys.map(({ kid }) => kid).indexOf(before)).toBeGreaterThan(0);
    const { jwks_uri = "" } = app.config.serverMetadata();
    expect(((await (await fetch(jwks_uri)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)).toContain(before);
    await jwtVerify(tokens.access_token, createLocalJWKSet(await identity.keys(mesh.caller, {})));
  });

  it("is told if its person refuses", async () => {
    const browser = new Browser(mesh.base);
    const { url, state } = await app.request("openid user/Observation.rs");
    const login = await browser.see(url);
    const consent = await browser.see(login.url, { step: "login", login: NURSE, password: PASSWORD });
    const back = await browser.leave(consent.url, { step: "cancel" });
    expect(back.searchParams.get("error")).toBe("access_denied");
    expect(back.searchParams.get("state")).toBe(state);
    expect(back.searchParams.get("code")).toBeNull();
  });

  it("discovers all endpoints from public documents", async () => {
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

  it("in a browser may request tokens from its registered origin only", async () => {
    const { url, verifier } = await app.code("openid");
    const form = { grant_type: "authorization_code", client_id: "app", redirect_uri: REDIRECT, code_verifier: verifier };
    const ask = (origin: string) => {
      const body = new URLSearchParams({ ...form, code: url.searchParams.get("code") ?? "" });
      return fetch(`${mesh.base}/auth/token`, { method: "POST", headers: { origin }, body });
    };
    const headers = { origin: "https://app.example", "access-control-request-method": "POST" };
    const preflight = await fetch(`${mesh.base}/auth/token`, { method: "OPTIONS", headers });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "https://app.example"]);
    const foreign = await ask("https://evil.example");
    expect([foreign.status, foreign.headers.get("access-control-allow-origin")]).toEqual([400, null]);
    const own = await ask("https://app.example");
    expect([own.status, own.headers.get("access-control-allow-origin")]).toEqual([200, "https://app.example"]);
    expect(own.headers.get("access-control-allow-credentials")).toBeNull();
    for (const { headers: of } of [own, foreign]) expect([of.get("cache-control"), of.get("pragma")]).toEqual(["no-store", "no-cache"]);
  });

  it("refreshes without its person, who has consented to it, and each refresh token is valid once", async () => {
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

  it("introspects and revokes its token, which ends everything of the same grant", async () => {
    const scope = "openid fhirUser user/Observation.rs offline_access";
    const tokens = await app.signIn(scope);
    const look = () => client.tokenIntrospection(app.config, tokens.access_token);
    const { sub, fhirUser } = { fhirUser: "", ...tokens.claims() };
    expect(await look()).toMatchObject({ active: true, scope, client_id: "app", sub, fhirUser }); // as in the ID token
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

  it("on a server authenticates by a key, and is notified when its session ends elsewhere", async () => {
    jest.spyOn(console, "warn").mockImplementation(() => {}); // the library says that Jest hides Node's own fetch from it
    const told: string[] = [];
    const receiver = createServer((request, response) => {
      request.on("data", (chunk: Buffer) => told.push(new URLSearchParams(chunk.toString()).get("logout_token") ?? ""));
      request.on("end", () => response.end());
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const { privateKey, publicKey } = await generateKeyPair("ES384", { extractable: true });
    const jwks = { keys: [{ ...((await exportJWK(publicKey)) as Record<string, string>), alg: "ES384", kid: "1" }] };
    await identity.createClient(mesh.caller, {
      id: "portal",
      name: "Portal",
      kind: "confidential",
      scope: SCOPE,
      redirectUris: [REDIRECT],
      jwks,
      backchannelLogoutUri: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/told`,
    });
    const portal = new App(mesh, app.user, await configurationOf(mesh, "portal", client.PrivateKeyJwt({ key: privateKey, kid: "1" })));
    const impostor = new App(mesh, app.user, await configurationOf(mesh, "portal"));
    const browser = new Browser(mesh.base);
    const { url, verifier, state } = await portal.code("openid user/Observation.rs", { browser });
    await expect(impostor.exchange(url, verifier, state)).rejects.toMatchObject({ error: "invalid_client" });
    const tokens = await portal.exchange(url, verifier, state);
    const ask = await browser.see("/auth/logout");
    const xsrf = /name="xsrf" value="(\w+)"/.exec(ask.text)?.[1] ?? "";
    expect((await browser.see("/auth/logout/confirm", { xsrf: "guessed", logout: "yes" })).status).toBe(400);
    expect((await browser.see("/auth/logout/confirm", { xsrf, logout: "yes" })).text).toContain("You are signed out.");
    const { payload } = await jwtVerify(told[0] ?? "", await app.publishedKeys(), {
      issuer: `${mesh.base}/auth`,
      audience: "portal",
      typ: "logout+jwt",
    });
    expect(payload).toMatchObject({
      sub: app.user.id,
      sid: tokens.claims()?.["sid"],
      events: { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    expect(await endedSids(mesh)).toContain(sidOf(tokens.access_token));
    await new Promise((resolve) => receiver.close(resolve));
  });

  it("shows pages in the person's language, which work without JavaScript", async () => {
    const page = async (language: string, more = {}) =>
      (await new Browser(mesh.base, { "accept-language": language }).see((await app.request("openid", more)).url)).text;
    expect(await page("ar-LB, en;q=0.5")).toMatch(/<html lang="ar" dir="rtl">[\s\S]*تسجيل الدخول/);
    expect(await page("fr")).toMatch(/<html lang="fr" dir="ltr">[\s\S]*Mot de passe/);
    expect(await page("en", { ui_locales: "fr" })).toContain("Mot de passe");
    const text = await page("en");
    for (const id of ["login", "password"]) expect(text).toMatch(new RegExp(`<label for="${id}">[\\s\\S]*<input id="${id}"`));
    expect(text).not.toContain("<script");
  });

  it("lets its person change the password with the old one, which signs them out everywhere", async () => {
    await identity.createUser(mesh.caller, { login: "neri", name: "N", roles: ["nurse"], password: PASSWORD });
    const browser = new Browser(mesh.base);
    const form = { step: "login", login: "neri", password: PASSWORD };
    const consent = await browser.see((await browser.see((await app.request("openid")).url)).url, form);
    await browser.leave(consent.url, { step: "allow" });
    const account = "/auth/account";
    const proof = /name="proof" value="([\w-]+)"/.exec((await browser.see(account)).text)?.[1] ?? "";
    const next = "some other four words";
    const change = async (more: object) =>
      (await browser.see(account, { step: "password", proof, current: PASSWORD, new: next, repeat: next, ...more })).status;
    expect(await change({ proof: "guessed" })).toBe(403);
    expect(await change({ repeat: "another" })).toBe(422);
    expect(await change({ new: "short", repeat: "short" })).toBe(422);
    expect(await change({ current: "not mine at all" })).toBe(401);
    expect(await change({})).toBe(200);
    expect((await browser.see(account)).status).toBe(401);
    const fresh = new Browser(mesh.base);
    const login = await fresh.see((await app.request("openid")).url);
    expect((await fresh.once(login.url, form)).status).toBe(401);
    expect((await fresh.once(login.url, { ...form, password: next })).status).toBe(303);
  });

  it("asks for a code once a second factor is set up, and accepts each code once", async () => {
    await identity.createUser(mesh.caller, { login: "verdi", name: "V", roles: ["physician"], password: PASSWORD });
    const browser = new Browser(mesh.base);
    const request = await app.request("openid");
    const form = { step: "login", login: "verdi", password: PASSWORD };
    const consent = await browser.see((await browser.see(request.url)).url, form);
    await browser.leave(consent.url, { step: "allow" });

    const account = "/auth/account";
    expect((await new Browser(mesh.base).see(account)).status).toBe(401);
    const off = await browser.see(account);
    const proof = /name="proof" value="([\w-]+)"/.exec(off.text)?.[1] ?? "";
    expect((await browser.see(account, { step: "start", proof: "guessed" })).status).toBe(403);
    const start = await browser.see(account, { step: "start", proof });
    const secret = /name="secret" value="(\w+)"/.exec(start.text)?.[1] ?? "";
    const codeAt = (steps: number) => generate({ secret, epoch: Math.floor(Date.now() / 1_000) + 30 * steps });
    const current = PASSWORD;
    expect((await browser.see(account, { step: "confirm", proof, secret, current, code: "000000" })).status).toBe(401);
    // Who finds the session open binds the account to no app of their own.
    for (const typed of ["", "not mine at all"]) {
      expect((await browser.see(account, { step: "confirm", proof, secret, code: await codeAt(-1), current: typed })).status).toBe(401);
    }
    expect((await identity.listUsers(mesh.caller, {})).find(({ login }) => login === "verdi")).toMatchObject({ hasTotp: false });
    const codes = await browser.see(account, { step: "confirm", proof, secret, current, code: await codeAt(-1) });
    const recovery = [...codes.text.matchAll(/<code[^>]*>([0-9A-Z-]{19})<\/code>/g)].map(([, code = ""]) => code);
    expect(recovery).toHaveLength(10);

    const again = async (...typed: string[]) => {
      const fresh = new Browser(mesh.base);
      const login = await fresh.see((await app.request("openid")).url);
      const page = await fresh.see(login.url, form);
      expect(page.text).toContain("six digits");
      const answers = [];
      for (const code of typed) answers.push((await fresh.once(page.url, { step: "code", code })).status);
      return answers;
    };
    for (const typed of ["", "not mine at all"]) {
      expect((await browser.see(account, { step: "end", proof, code: recovery[2] ?? "", current: typed })).status).toBe(401);
    }
    // Who finds the session open, and knows the password, tries no more codes to take the second factor away than to sign in.
    const tries: number[] = [];
    for (let tried = 0; tried < 30 && tries.at(-1) !== 429; tried++) {
      tries.push((await browser.see(account, { step: "end", proof, current, code: String(100_000 + tried) })).status);
    }
    expect([tries[0], tries.at(-1)]).toEqual([401, 429]);

    const code = await codeAt(0);
    expect(await again("000000", code)).toEqual([401, 303]);
    expect(await again(code, recovery[0] ?? "")).toEqual([401, 303]);
    expect(await again(recovery[0] ?? "", (recovery[1] ?? "").toLowerCase())).toEqual([401, 303]);

    const { link } = await identity.resetPassword(mesh.caller, { user: "verdi" }); // app and codes are lost
    await new Browser(mesh.base).see(link, { password: "another four words", repeat: "another four words" });
    expect((await identity.listUsers(mesh.caller, {})).find(({ login }) => login === "verdi")).toMatchObject({ hasTotp: false });
    const login = await browser.see((await app.request("openid")).url);
    expect(login.text).toContain("Login name"); // this browser's session has ended too
    expect((await browser.see(login.url, { ...form, password: "another four words" })).text).toContain("Allow The App?");
  });

  it("gives no token to a role that requires a second factor before one is set up, nor for an earlier session", async () => {
    const given = { login: "chief", name: "C", roles: ["physician"], password: PASSWORD };
    const chief = new App(mesh, (await identity.createUser(mesh.caller, given)).user, app.config);
    const browser = new Browser(mesh.base);
    const scope = "openid user/Observation.rs offline_access";
    const before = await chief.signIn(scope, { browser });
    expect([claimsOf(before.access_token)["amr"], before.claims()?.["amr"]]).toEqual([["pwd"], ["pwd"]]);
    await identity.setRoles(mesh.caller, { user: "chief", roles: ["physician", "auditor"] });
    await expect(client.refreshTokenGrant(app.config, before.refresh_token ?? "")).rejects.toMatchObject({ error: "invalid_grant" });
    const silent = await browser.leave((await chief.request(scope, { prompt: "none" })).url);
    expect(silent.searchParams.get("error")).toBe("login_required");

    const request = await chief.request(scope);
    const login = await browser.see(request.url);
    expect(login.text).toContain("Login name"); // although a session is there
    const page = await browser.see(login.url, { step: "login", login: "chief", password: PASSWORD });
    const [, secret = ""] = /name="secret" value="(\w+)"/.exec(page.text) ?? [];
    expect(page.text).toContain("Your role may be used with a second factor only.");
    for (const form of [
      { step: "confirm", code: "000000" },
      { step: "seen", code: "" },
      { step: "allow", code: "" },
    ]) {
      expect((await browser.once(page.url, form)).status).toBe(401);
    }
    const codes = await browser.once(page.url, { step: "confirm", code: await generate({ secret }) });
    expect(codes.text.match(/<code[^>]*>[0-9A-Z-]{19}<\/code>/g)).toHaveLength(10);
    expect((await browser.see(page.url)).text).not.toContain("<code"); // shown once
    const consent = await browser.see(page.url, { step: "seen" });
    const after = await chief.exchange(await browser.leave(consent.url, { step: "allow" }), request.verifier, request.state);
    expect(claimsOf(after.access_token)).toMatchObject({ amr: ["pwd", "otp"], roles: ["physician", "auditor"] });
    const refreshed = await client.refreshTokenGrant(app.config, after.refresh_token ?? "");
    expect(claimsOf(refreshed.access_token)["amr"]).toEqual(["pwd", "otp"]);

    const proof = /name="proof" value="([\w-]+)"/.exec((await browser.see("/auth/account")).text)?.[1] ?? "";
    const [, code = ""] = /<code[^>]*>([0-9A-Z-]{19})<\/code>/.exec(codes.text) ?? [];
    expect((await browser.see("/auth/account", { step: "end", proof, current: PASSWORD, code })).status).toBe(403);
    await identity.setRoles(mesh.caller, { user: "chief", roles: ["physician"] });
    expect((await browser.once("/auth/account", { step: "end", proof, current: PASSWORD, code })).status).toBe(303);
  });
});

const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
const sidOf = (token: string): unknown => claimsOf(token)["sid"];
const endedSids = async (mesh: Mesh) => (await identity.endedSince(mesh.caller, { at: 0 })).map(({ sid }) => sid);
