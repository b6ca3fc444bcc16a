/** What somebody tries who is not meant to sign in, or wants more than is theirs. */
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brokerOf } from "../../mesh/caller.ts";
import { identityAddresses } from "../../mesh/identity-nodes.ts";
import { ensureServerFiles } from "../../scripts/mesh-keys/server-certificates.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import { Browser, Left } from "../../scripts/identity/browser.ts";
import { refusal } from "../kit/clinic.ts";
import { asSystem } from "../../mesh/access/access.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { App, NURSE, PASSWORD, REDIRECT } from "./app.ts";

describe("an attack on the sign-in", () => {
  const folder = mkdtempSync(join(tmpdir(), "openward-attacks-"));
  let mesh: Mesh;
  let app: App;
  beforeAll(async () => {
    // As between machines: what a gateway passes on to a node of identity goes by TLS.
    const [SERVERS_CA_FILE = "", IDENTITY_TLS_FILE = ""] = ensureServerFiles(folder, { identity: ["127.0.0.1"] });
    const env = { ACCESS: "closed", SERVERS_CA_FILE, IDENTITY_TLS_FILE };
    mesh = await startMesh({ services: ["api", "identity"], nats: false, split: "broker", env });
    expect(identityAddresses(brokerOf(mesh.caller))).toEqual([expect.objectContaining({ url: expect.stringMatching(/^https:/) })]);
    app = await App.register(mesh);
    await identity.createClient(asSystem(mesh.caller, "operator"), {
      id: "other",
      name: "Another",
      kind: "public",
      redirectUris: ["https://evil.example/"],
      scope: "openid",
    });
  });
  afterAll(async () => {
    await mesh?.stop();
    rmSync(folder, { recursive: true });
  });

  const exchange = (form: Record<string, string>) =>
    fetch(`${mesh.base}/auth/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "authorization_code", client_id: "app", redirect_uri: REDIRECT, ...form }),
    });

  describe("with a stolen code", () => {
    it.each([
      ["without the verifier", () => ({ code_verifier: "" })],
      ["with a verifier that was guessed", () => ({ code_verifier: "x".repeat(43) })],
      ["in the name of another app", (verifier: string) => ({ code_verifier: verifier, client_id: "other" })],
      ["for another address", (verifier: string) => ({ code_verifier: verifier, redirect_uri: "https://evil.example/" })],
    ])("%s gets nothing", async (_, changed) => {
      const { url, verifier } = await app.code("openid");
      const code = url.searchParams.get("code") ?? "";
      const answer = await exchange({ code, ...changed(verifier) });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: expect.stringMatching(/^invalid_/) });
    });
  });

  it.each([
    ["a path added", `${REDIRECT}/more`],
    ["a query added", `${REDIRECT}?more=1`],
    ["another scheme", REDIRECT.replace("https", "http")],
    ["another host that begins alike", "https://app.example.evil.example/callback"],
    ["a user before the host", "https://app.example@evil.example/callback"],
    ["another case", REDIRECT.toUpperCase()],
    ["dots in the path", "https://app.example/x/../callback"],
    ["dots in the path that are encoded", "https://app.example/x/%2e%2e/callback"],
    ["a fragment", `${REDIRECT}#more`],
    ["a user of its own host", REDIRECT.replace("//", "//user@")],
    ["a port", REDIRECT.replace(".example", ".example:443")],
    ["a slash the wrong way", "https://app.example\\@evil.example/callback"],
    ["a slash at the end", `${REDIRECT}/`],
    ["a blank before", ` ${REDIRECT}`],
  ])("by a redirect to %s goes nowhere", async (_, redirect_uri) => {
    const { url } = await app.request("openid", { redirect_uri });
    const shown = await new Browser(mesh.base).see(url);
    expect(shown.status).toBe(400);
    expect(shown.text).toContain("invalid_redirect_uri");
  });

  it.each([
    ["without PKCE", { code_challenge: "", code_challenge_method: "" }],
    ["with PKCE in the clear", { code_challenge: "x".repeat(43), code_challenge_method: "plain" }],
    ["with PKCE whose method is not named", { code_challenge: "x".repeat(43), code_challenge_method: "" }],
    ["for a token at once", { response_type: "token" }],
    ["for an ID token at once", { response_type: "id_token", nonce: "n" }],
    ["for another API", { resource: "https://evil.example" }],
    ["by an app that was started for another server", { aud: "https://evil.example/fhir" }],
  ])("by a request %s is refused", async (_, more) => {
    const { url } = await app.request("openid", more as unknown as Record<string, string>);
    const back = await new Browser(mesh.base).leave(url);
    expect(back.searchParams.get("error") ?? back.hash).toMatch(/invalid_(request|target)|unsupported_response_type/);
  });

  it.each([
    [
      "that is an object",
      { request: `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from('{"scope":"openid"}').toString("base64url")}.` },
    ],
    ["that is somewhere else", { request_uri: "https://evil.example/request.jwt" }],
    ["that registers its app", { registration: '{"redirect_uris":["https://evil.example/"]}' }],
  ])("cannot have a request %s", async (_, more) => {
    const { url } = await app.request("openid", more as unknown as Record<string, string>);
    const shown = await new Browser(mesh.base).go(url);
    expect(shown instanceof Left ? shown.url.searchParams.get("error") : shown.text).toMatch(
      /(request|request_uri|registration)_not_supported/,
    );
  });

  it.each(["redirect_uri", "client_id", "scope", "state", "code_challenge"])("cannot name its %s twice", async (name) => {
    const { url } = await app.request("openid");
    url.searchParams.append(name, name === "redirect_uri" ? "https://evil.example/" : "other");
    const shown = await new Browser(mesh.base).go(url);
    if (shown instanceof Left) expect([shown.url.host, shown.url.searchParams.get("error")]).toEqual(["app.example", "invalid_request"]);
    else expect([shown.status, shown.text]).toEqual([400, expect.stringMatching(/invalid_(request|redirect_uri|client)/)]);
  });

  it("cannot inject response headers", async () => {
    const { url } = await app.request("openid", { state: "a\r\nX-Evil: 1", ui_locales: "en\r\nX-Evil: 1", prompt: "none" });
    const answer = await fetch(url, { redirect: "manual" });
    expect([answer.status, answer.headers.get("x-evil")]).toEqual([303, null]);
    expect(new URL(answer.headers.get("location") ?? "").searchParams.get("state")).toBe("a\r\nX-Evil: 1");
  });

  describe("with the tokens of another app", () => {
    const post = (path: string, form: Record<string, string>) =>
      fetch(`${mesh.base}/auth/${path}`, { method: "POST", body: new URLSearchParams(form) });
    const isGood = async (token: string) => (await fetch(`${mesh.base}/api/identity/listRoles`, { headers: bearer(token) })).status === 403;
    const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

    it("can neither refresh, read nor end them", async () => {
      const tokens = await app.signIn("openid offline_access user/Patient.r");
      const refresh_token = tokens.refresh_token ?? "";
      const refreshed = await post("token", { grant_type: "refresh_token", client_id: "other", refresh_token });
      expect([refreshed.status, await refreshed.json()]).toEqual([400, expect.objectContaining({ error: "invalid_grant" })]);
      for (const token of [tokens.access_token, refresh_token]) {
        const looked = await post("introspect", { client_id: "other", token });
        expect([looked.status, await looked.json()]).toEqual([200, { active: false }]);
        await post("revoke", { client_id: "other", token });
      }
      expect(await isGood(tokens.access_token)).toBe(true);
      const own = await post("token", { grant_type: "refresh_token", client_id: "app", refresh_token });
      expect(own.status).toBe(200);
    });

    it("cannot read data with a token for another purpose", async () => {
      const { id_token = "", refresh_token = "", access_token } = await app.signIn("openid offline_access user/Patient.r");
      expect([await isGood(access_token), await isGood(id_token), await isGood(refresh_token)]).toEqual([true, false, false]);
    });
  });

  it("is redirected nowhere after a sign-out", async () => {
    const browser = new Browser(mesh.base);
    const { id_token = "" } = await app.signIn("openid", { browser });
    for (const post_logout_redirect_uri of [
      "https://evil.example/",
      "https://app.example/bye/more",
      "//evil.example",
      "https://app.example@evil.example/bye",
    ]) {
      const query = new URLSearchParams({ id_token_hint: id_token, post_logout_redirect_uri });
      const shown = await browser.see(`/auth/logout?${query}`);
      expect([post_logout_redirect_uri, shown.status, shown.text.includes("Sign out?")]).toEqual([post_logout_redirect_uri, 400, false]);
    }
  });

  it("does not go on with a session that an administrator has ended", async () => {
    const browser = new Browser(mesh.base);
    await app.signIn("openid", { browser });
    expect((await browser.see("/auth/account")).status).toBe(200);
    await identity.endSessions(asSystem(mesh.caller, "operator"), { user: NURSE });
    expect((await browser.see("/auth/account")).status).toBe(401);
    expect((await browser.see((await app.request("openid")).url)).text).toContain("Login name");
  });

  it("answers with its own name, so that an app with several providers can tell", async () => {
    const { url } = await app.code("openid");
    expect(url.searchParams.get("iss")).toBe(`${mesh.base}/auth`); // RFC 9207
  });

  describe("from another site", () => {
    it.each([
      ["its browser says so", { "sec-fetch-site": "cross-site" }],
      ["an older browser says so", { origin: "https://evil.example" }],
    ])("is not taken: %s", async (_, headers) => {
      const browser = new Browser(mesh.base);
      const login = await browser.see((await app.request("openid")).url);
      const form = { step: "login", login: NURSE, password: PASSWORD };
      expect((await browser.once(login.url, form, headers)).status).toBe(403);
      expect((await browser.once(login.url, form, { origin: mesh.base, "sec-fetch-site": "same-origin" })).status).toBe(303);
    });

    it("cannot use the page of somebody else's browser", async () => {
      const login = await new Browser(mesh.base).see((await app.request("openid")).url);
      const stranger = new Browser(mesh.base);
      await stranger.see((await app.request("openid")).url); // has cookies of its own
      const answer = await stranger.once(login.url, { step: "login", login: NURSE, password: PASSWORD });
      expect(answer.status).toBe(400);
      expect(answer.text).toContain("belongs to another browser window");
    });
  });

  it("cannot frame a page, run a script on it, or read its cookies", async () => {
    const browser = new Browser(mesh.base);
    const login = await browser.see((await app.request("openid")).url);
    const policy = login.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|script-src/);
    expect(login.headers.get("x-frame-options")).toBe("DENY");
    expect(login.headers.get("referrer-policy")).toBe("same-origin"); // a form names its origin
    expect(login.headers.get("cache-control")).toBe("no-store");
    expect(login.text).not.toMatch(/<script|onclick|javascript:/i);
    const raw = await fetch((await app.request("openid")).url, { redirect: "manual" });
    expect(raw.headers.getSetCookie().length).toBeGreaterThan(1);
    for (const cookie of raw.headers.getSetCookie()) {
      expect(cookie).toMatch(/httponly/i);
      expect(cookie).toMatch(/samesite=lax/i);
    }
  });

  it("cannot inject text into a page", async () => {
    const browser = new Browser(mesh.base);
    const shown = await browser.see((await app.request("openid", { redirect_uri: "https://evil.example/<script>alert(1)</script>" })).url);
    expect(shown.text).not.toContain("<script>");
    const login = await browser.see((await app.request("openid", { ui_locales: '"><script>' })).url);
    expect(login.text).not.toContain("<script>");
  });

  it("cannot prepare a session for somebody else: a sign-in creates a new one", async () => {
    const browser = new Browser(mesh.base);
    browser.cookies.set("openward_session;/auth", { value: "chosen-by-the-attacker", path: "/auth" });
    await app.signIn("openid", { browser });
    const first = browser.cookies.get("openward_session;/auth")?.value;
    expect(first).toMatch(/^[\w-]{21,}$/);
    expect(first).not.toBe("chosen-by-the-attacker");
    const again = await browser.see((await app.request("openid", { prompt: "login" })).url);
    await browser.leave(again.url, { step: "login", login: NURSE, password: PASSWORD });
    expect(browser.cookies.get("openward_session;/auth")?.value).not.toBe(first);
  });

  it("cannot learn whether an account exists", async () => {
    const answers = [];
    const nobody = NURSE.replace(/.$/, "q"); // as long: what was typed is on the page again
    for (const login of [NURSE, nobody]) {
      const browser = new Browser(mesh.base);
      const page = await browser.see((await app.request("openid")).url);
      const { status, text, headers } = await browser.once(page.url, { step: "login", login, password: "a wrong password" });
      const besides = text.replace(` value="${login}"`, "");
      answers.push({ status, text: besides, headers: [...headers].filter(([name]) => !/date|x-request-id|traceresponse/.test(name)) });
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[0]?.status).toBe(401);
  });

  it("gives nobody a role that an administrator has not assigned", async () => {
    const given = { login: "eve", name: "Eve", roles: ["nurse" as const], isAdministrator: true };
    await expect(identity.createUser(asSystem(mesh.caller, "operator"), given)).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
    const { access_token: administrator } = await (await app.alsoFor("chief", ["administrator"])).signIn("openid actions");
    const forTrying = { login: "eve", name: "Eve", roles: ["administrator"], isForTrying: true };
    const answer = await fetch(`${mesh.base}/api/identity/createUser`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${administrator}` },
      body: JSON.stringify(forTrying), // which would need no second factor
    });
    expect([answer.status, await answer.json()]).toEqual([403, { error: expect.objectContaining({ type: "NOT_ALLOWED" }) }]);
    for (const [role, type] of [
      ["root", "ROLE_UNKNOWN"],
      ["system:operator", "VALIDATION_ERROR"],
    ] as const) {
      const change = { user: NURSE, roles: [role] };
      await expect(identity.setRoles(asSystem(mesh.caller, "operator"), change)).rejects.toEqual(refusal(422, type));
    }
    const token = await app.signIn("openid", { more: { roles: "administrator", claims: JSON.stringify({ id_token: { roles: null } }) } });
    const { roles } = JSON.parse(Buffer.from(token.access_token.split(".")[1] ?? "", "base64url").toString()) as { roles: string[] };
    expect(roles).toEqual(["nurse"]);
    const post = async (action: string, params: object, bearer?: string) => {
      const headers = { "Content-Type": "application/json", ...(bearer && { Authorization: `Bearer ${bearer}` }) };
      return (await fetch(`${mesh.base}/api/identity/${action}`, { method: "POST", headers, body: JSON.stringify(params) })).status;
    };
    const { access_token: nurse } = await app.signIn("openid user/*.cruds actions");
    const user = NURSE;
    for (const [action, params] of Object.entries({
      createUser: { login: "eve", name: "Eve", roles: ["administrator"] },
      setRoles: { user, roles: ["administrator"] },
      setPractitioner: { user, practitioner: "Practitioner/1" },
      closeUser: { user },
      resetPassword: { user },
      endSessions: { user },
      listUsers: {},
    })) {
      expect([action, await post(action, params), await post(action, params, nurse)]).toEqual([action, 401, 403]);
    }
    expect([await post("keys", {}), await post("keys", {}, nurse)]).toEqual([401, 404]);
  });

  it("cannot forge its address, or the server's name", async () => {
    const answer = await fetch(`${mesh.base}/.well-known/openid-configuration`, {
      headers: { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https", forwarded: "host=evil.example" },
    });
    expect(await answer.json()).toMatchObject({ issuer: `${mesh.base}/auth` });
  });

  it("by beginning more sign-ins than a hospital does keeps nobody at another address out", async () => {
    const { url } = await app.request("openid");
    const agent = new Agent({ keepAlive: true, maxSockets: 50, localAddress: "127.0.0.2" } as object);
    const begin = () =>
      new Promise<string>((resolve, reject) => {
        get(url, { agent }, (answer) => resolve(String(answer.resume().headers.location))).on("error", reject);
      });
    const isRefused = (place: string) => place.includes("error=temporarily_unavailable");
    let begun = 0;
    for (let places: string[] = []; !places.some(isRefused) && begun < 1_300; begun += places.length) {
      places = await Promise.all(Array.from({ length: 50 }, begin));
    }
    agent.destroy();
    expect(begun).toBeLessThan(1_300); // 600 in each minute, and the minute may have changed
    expect((await app.signIn("openid")).access_token).toBeDefined();
  });

  it("with a form that is too large is refused", async () => {
    const body = new URLSearchParams({ client_id: "app", code: "x".repeat(70_000) });
    expect((await fetch(`${mesh.base}/auth/token`, { method: "POST", body })).status).toBe(413);
  });

  it("by guessing is slowed down, and does not lock out a person who has signed in with this browser before", async () => {
    const known = new Browser(mesh.base);
    await app.signIn("openid", { browser: known });
    const guesser = new Browser(mesh.base);
    const page = await guesser.see((await app.request("openid")).url);
    const statuses = [];
    for (let tries = 0; tries < 8; tries += 1) {
      statuses.push((await guesser.once(page.url, { step: "login", login: NURSE, password: `guess ${tries}` })).status);
    }
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect(statuses.slice(-1)).toEqual([429]);
    const slowed = await guesser.once(page.url, { step: "login", login: NURSE, password: PASSWORD });
    expect(slowed.status).toBe(429);
    expect(Number(slowed.headers.get("retry-after"))).toBeGreaterThan(0);
    const again = await known.see((await app.request("openid", { prompt: "login" })).url);
    expect((await known.leave(again.url, { step: "login", login: NURSE, password: PASSWORD })).searchParams.get("code")).toBeTruthy();
  });
});
