/** SMART App Launch 2.2: which patient an app is about, and programs without people. */
import { MedplumClient } from "@medplum/core";
import { exportJWK, generateKeyPair, jwtVerify } from "jose";
import * as client from "openid-client";
import { Browser } from "../../scripts/identity/browser.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import type { Caller } from "../../mesh/caller.ts";
import { asSystem } from "../../mesh/access/access.ts";
import { eventually } from "../kit/events.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { registerProgram } from "./program.ts";
import { App, configurationOf, NURSE, PASSWORD, REDIRECT, SCOPE } from "./app.ts";

const claimsOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;

describe("a SMART app", () => {
  let mesh: Mesh;
  let operator: Caller;
  let app: App;
  let ehr: string;
  let rossi: string;
  let bianchi: string;
  const create = async (family: string, given: string) => {
    const { body } = await fhirAt(mesh.base, ehr).create({
      resourceType: "Patient",
      name: [{ family, given: [given] }],
      birthDate: "1980-02-01",
    });
    return (body as { id: string }).id;
  };
  beforeAll(async () => {
    const services = ["api", "transactions", "patients", "identity"];
    mesh = await startMesh({ services, nats: false, split: "broker", env: { ACCESS: "closed" } });
    operator = asSystem(mesh.caller, "operator");
    app = await App.register(mesh, ["nurse"], `${SCOPE} actions`);
    ehr = (await app.signIn("user/Patient.cruds actions")).access_token;
    rossi = await create("Rossi", "Ada");
    bianchi = await create("Bianchi", "Bruno");
  });
  afterAll(() => mesh?.stop());

  /** As an EHR does for the patient that is open. */
  async function launchOf(token: string, params: object) {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
    const answer = await fetch(`${mesh.base}/api/identity/createLaunch`, { method: "POST", headers, body: JSON.stringify(params) });
    return { status: answer.status, ...((await answer.json()) as { launch: string; error?: { type: string } }) };
  }

  /** Signs in and stops at the next page. */
  async function signedIn(scope: string, more: Record<string, string> = {}) {
    const browser = new Browser(mesh.base);
    const request = await app.request(scope, more);
    const login = await browser.see(request.url);
    return { browser, request, shown: await browser.see(login.url, { step: "login", login: NURSE, password: PASSWORD }) };
  }

  it("gets an ID token that every OpenID client can verify, by a key that opens nothing else", async () => {
    const { id_token = "", access_token } = await app.signIn("openid fhirUser");
    const { id_token_signing_alg_values_supported: supported } = app.config.serverMetadata();
    const keys = await app.publishedKeys();
    const { payload } = await jwtVerify(id_token, keys, { issuer: `${mesh.base}/auth`, audience: "app", algorithms: ["RS256"] });
    expect(supported).toEqual(["RS256"]);
    expect(payload).toMatchObject({ sub: app.user.id, fhirUser: `${mesh.base}/fhir/Practitioner/ada` });
    await expect(jwtVerify(access_token, keys, { algorithms: ["ES256"] })).resolves.toBeDefined();
    const answers = await Promise.all([access_token, id_token].map((token) => fhirAt(mesh.base, token).get("/Patient")));
    expect(answers.map(({ status }) => status)).toEqual([403, 401]); // gateways accept nothing that this key signs
  });

  it("launched standalone is about the patient that its person picks, also after a refresh", async () => {
    const { browser, request, shown } = await signedIn("launch/patient patient/Observation.read offline_access");
    expect(shown.text).toContain("Choose a patient");
    expect(shown.text).toContain("The App will see this patient only.");
    const found = await browser.see(shown.url, { step: "search", name: "ross" });
    expect(found.text).toContain("Ada Rossi");
    expect(found.text).toContain("born 1 February 1980");
    expect(found.text).not.toContain("Bianchi");
    expect((await browser.see(shown.url, { step: "search", name: "nobody" })).text).toContain("Nobody was found.");
    const consent = await browser.see(shown.url, { step: "pick", patient: rossi });
    expect(consent.text).toContain("Read: Observation of the chosen patient");
    const back = await browser.leave(consent.url, { step: "allow" });
    const tokens = await app.exchange(back, request.verifier, request.state);
    expect(tokens).toMatchObject({
      patient: rossi,
      need_patient_banner: true,
      scope: "launch/patient patient/Observation.rs offline_access",
    });
    expect(claimsOf(tokens.access_token)).toMatchObject({ patient: rossi });
    const refreshed = await client.refreshTokenGrant(app.config, tokens.refresh_token ?? "");
    expect(refreshed).toMatchObject({ patient: rossi });
    expect(claimsOf(refreshed.access_token)).toMatchObject({ patient: rossi });
    const named = { scope: "launch/patient patient/Observation.read" }; // as it asked for them
    const again = await client.refreshTokenGrant(app.config, refreshed.refresh_token ?? "", named);
    expect(again).toMatchObject({ patient: rossi, scope: "launch/patient patient/Observation.rs" });
    const wider = { scope: "launch/patient patient/Observation.*" };
    await expect(client.refreshTokenGrant(app.config, again.refresh_token ?? "", wider)).rejects.toMatchObject({ error: "invalid_scope" });
  });

  it("may send its requests to sign in and to sign out as forms, which ask the same", async () => {
    const browser = new Browser(mesh.base);
    const tokens = await app.signIn("openid user/Observation.rs", { browser });
    /** As a browser sends a form of another site: without the cookies of this server. */
    const send = async (path: string, params: URLSearchParams) => {
      const headers = { "Sec-Fetch-Site": "cross-site", Origin: "https://app.example" };
      const answer = await fetch(`${mesh.base}/auth/${path}`, { method: "POST", body: params, headers, redirect: "manual" });
      expect([answer.status, answer.headers.get("cache-control")]).toEqual([303, "no-store"]);
      return answer.headers.get("location") ?? "";
    };
    const { url, verifier, state } = await app.request("openid user/Observation.rs");
    const back = await browser.leave(await send("authorize", url.searchParams)); // signed in already
    expect(await app.exchange(back, verifier, state)).toMatchObject({ scope: "openid user/Observation.rs" });
    url.searchParams.set("redirect_uri", "https://evil.example/callback");
    expect(await browser.see(await send("authorize", url.searchParams))).toMatchObject({ status: 400 });
    const leaving = await browser.see(await send("logout", new URLSearchParams({ id_token_hint: tokens.id_token ?? "" })));
    expect(leaving.text).toContain("Sign out?");
  });

  it("refreshes with a part of what was granted, and with all of it later", async () => {
    const granted = "openid user/Observation.rs user/Patient.cruds offline_access";
    let { refresh_token = "" } = await app.signIn(granted);
    const refresh = async (scope?: string) => {
      const tokens = await client.refreshTokenGrant(app.config, refresh_token, scope === undefined ? {} : { scope });
      refresh_token = tokens.refresh_token ?? "";
      expect([claimsOf(tokens.access_token)["scope"], (await client.tokenIntrospection(app.config, tokens.access_token)).scope]).toEqual([
        tokens.scope,
        tokens.scope,
      ]);
      return tokens;
    };
    for (const part of ["user/Patient.r", "user/Patient.rs user/Observation.s?category=laboratory", "openid user/Patient.read"]) {
      expect((await refresh(part)).scope).toBe(part.replace(".read", ".rs"));
    }
    const { access_token } = await refresh("user/Patient.r");
    const answers = ["/Patient?_id=none", `/Patient/${rossi}`].map((path) => fhirAt(mesh.base, access_token).get(path));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([403, 200]);
    for (const wider of ["user/*.rs", "user/Observation.c", "user/Patient.r user/Condition.r", "patient/Patient.r", "launch"]) {
      await expect(refresh(wider)).rejects.toMatchObject({ error: "invalid_scope" });
    }
    expect((await refresh()).scope).toBe(granted);
  });

  it.each([
    ["of nobody", "no-such-patient"],
    ["that is none", "Practitioner/1"],
  ])("gets no patient by an id %s", async (_, patient) => {
    const { browser, shown } = await signedIn("patient/Observation.rs");
    expect((await browser.see(shown.url, { step: "pick", patient })).text).toContain("Choose a patient");
  });

  it("asks again for another patient, as a grant is for one", async () => {
    const { browser, request, shown } = await signedIn("launch/patient patient/Observation.rs");
    const first = await browser.see(shown.url, { step: "pick", patient: rossi });
    const one = await app.exchange(await browser.leave(first.url, { step: "allow" }), request.verifier, request.state);
    const next = await app.request("launch/patient patient/Observation.rs");
    const again = await browser.see(next.url); // signed in already
    expect(again.text).toContain("Choose a patient");
    const second = await browser.see(again.url, { step: "pick", patient: bianchi });
    const other = await app.exchange(await browser.leave(second.url, { step: "allow" }), next.verifier, next.state);
    expect([one["patient"], other["patient"]]).toEqual([rossi, bianchi]);
    expect(claimsOf(one.access_token)["sid"]).not.toBe(claimsOf(other.access_token)["sid"]);
  });

  it("launched by the EHR is about the open patient and encounter, once, and only for who has them open", async () => {
    const { launch } = await launchOf(ehr, { client: "app", patient: bianchi, encounter: "e1" });
    const more = { launch, aud: `${mesh.base}/fhir` };
    const { browser, request, shown } = await signedIn("launch patient/Observation.rs", more);
    expect(shown.text).toContain("Allow The App?"); // nothing to pick
    const tokens = await app.exchange(await browser.leave(shown.url, { step: "allow" }), request.verifier, request.state);
    expect(tokens).toMatchObject({ patient: bianchi, encounter: "e1" });
    expect(claimsOf(tokens.access_token)).toMatchObject({ patient: bianchi, encounter: "e1" });
    const again = await app.request("launch patient/Observation.rs", more);
    expect((await browser.leave(again.url)).searchParams.get("error_description")).toContain("the launch is over");

    const other = await (await app.alsoFor("verdi", ["nurse"])).signIn("actions");
    const { launch: hers } = await launchOf(other.access_token, { client: "app", patient: bianchi });
    const stolen = await app.request("launch user/Observation.rs", { launch: hers });
    expect((await browser.leave(stolen.url)).searchParams.get("error")).toBe("invalid_request");
  });

  it.each(["patient/Observation.rs", "user/Observation.rs"])(
    "gets nothing by a launch that was taken while it asked for %s",
    async (scope) => {
      const { launch } = await launchOf(ehr, { client: "app", patient: bianchi });
      const more = { launch, aud: `${mesh.base}/fhir` };
      const [first, second] = [await signedIn(`launch ${scope}`, more), await signedIn(`launch ${scope}`, more)];
      const back = await first.browser.leave(first.shown.url, { step: "allow" });
      expect(await app.exchange(back, first.request.verifier, first.request.state)).toMatchObject({ patient: bianchi });
      expect((await second.browser.see(second.shown.url, { step: "allow" })).status).toBe(400);
    },
  );

  it.each(["patient/Observation.rs", "user/Observation.rs"])("gets nothing by a launch that is over, for %s", async (scope) => {
    const { launch } = await launchOf(ehr, { client: "app", patient: bianchi });
    const [{ launch: late }, more] = [await launchOf(ehr, { client: "app", patient: bianchi }), { aud: `${mesh.base}/fhir` }];
    const { browser, shown } = await signedIn(`launch ${scope}`, { ...more, launch });
    const now = Date.now();
    const clock = jest.spyOn(Date, "now").mockImplementation(() => now + 301_000);
    try {
      expect((await browser.see(shown.url, { step: "allow" })).status).toBe(400); // the person was asked in time, and answers late
      const request = await app.request(`launch ${scope}`, { ...more, launch: late });
      expect((await browser.leave(request.url)).searchParams.get("error_description")).toContain("the launch is over");
    } finally {
      clock.mockRestore();
    }
  });

  it("is launched for nobody who is not signed in, and by no app that may not act for its person", async () => {
    expect(await launchOf(ehr, { client: "app", patient: "no-such-patient" })).toMatchObject({
      status: 404,
      error: { type: "PATIENT_NOT_FOUND" },
    });
    expect(await launchOf(ehr, { client: "nobody", patient: rossi })).toMatchObject({ status: 404, error: { type: "CLIENT_NOT_FOUND" } });
    const { access_token } = await app.signIn("user/Patient.rs");
    expect(await launchOf(access_token, { client: "app", patient: rossi })).toMatchObject({ status: 403, error: { type: "NOT_ALLOWED" } });
    const named = { user: "verdi", client: "app", patient: rossi };
    expect(await launchOf(ehr, named)).toMatchObject({ status: 422, error: { type: "VALIDATION_ERROR" } });
  });

  it("shows no patients to a person who may see none", async () => {
    const administrator = await app.alsoFor("admin-only", ["administrator"]);
    const browser = new Browser(mesh.base);
    const login = await browser.see((await administrator.request("patient/Observation.rs")).url);
    const pick = await browser.see(login.url, { step: "login", login: "admin-only", password: PASSWORD });
    expect((await browser.see(pick.url, { step: "search", name: "ross" })).text).toContain("Nobody was found.");
    expect((await browser.see(pick.url, { step: "pick", patient: rossi })).text).toContain("Choose a patient");
  });

  it("begins anew when its patient's record is merged into another: nothing would be found in the old one", async () => {
    const [old, current] = [await create("Neri", "Carla"), await create("Neri", "Carla Maria")];
    const launched = async (patient: string) => {
      const { browser, request, shown } = await signedIn("launch/patient patient/Patient.rs offline_access");
      const consent = await browser.see(shown.url, { step: "pick", patient });
      return app.exchange(await browser.leave(consent.url, { step: "allow" }), request.verifier, request.state);
    };
    const [bound, other] = [await launched(old), await launched(rossi)];
    const { launch } = await launchOf(ehr, { client: "app", patient: old });
    const archivist = await (await app.alsoFor("archivist", ["records-office"])).signIn("user/Patient.cruds actions");
    const merged = await fetch(`${mesh.base}/api/patients/merge`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${archivist.access_token}` },
      body: JSON.stringify({ source: `Patient/${old}`, target: `Patient/${current}` }),
    });
    expect(merged.status).toBe(200);
    const read = (token: string, id: string) => fhirAt(mesh.base, token).get(`/Patient/${id}`);
    await eventually(
      () => read(bound.access_token, old),
      ({ status }) => status === 401,
    );
    await expect(client.refreshTokenGrant(app.config, bound.refresh_token ?? "")).rejects.toMatchObject({ error: "invalid_grant" });
    expect((await read(other.access_token, rossi)).status).toBe(200);
    const prepared = await app.request("launch patient/Patient.rs", { launch, aud: `${mesh.base}/fhir` });
    const { browser } = await signedIn("openid user/Patient.rs");
    expect((await browser.leave(prepared.url)).searchParams.get("error_description")).toContain("the launch is over");
    expect(await launchOf(ehr, { client: "app", patient: old })).toMatchObject({ status: 404, error: { type: "PATIENT_NOT_FOUND" } });
    expect(await launched(current)).toMatchObject({ patient: current });
  });

  it("reads the record of its patient, and no other", async () => {
    const { browser, request, shown } = await signedIn("launch/patient patient/Patient.rs");
    const consent = await browser.see(shown.url, { step: "pick", patient: rossi });
    const { access_token } = await app.exchange(await browser.leave(consent.url, { step: "allow" }), request.verifier, request.state);
    const fhir = fhirAt(mesh.base, access_token);
    expect((await fhir.get(`/Patient/${rossi}`)).status).toBe(200);
    expect((await fhir.get(`/Patient/${bianchi}`)).status).toBe(404);
    expect((await fhir.all("/Patient")).resources.map(({ id }) => id)).toEqual([rossi]);
  });

  it("of the hospital itself needs no consent, but the patient", async () => {
    const trusted = { id: "ward-app", name: "Ward", kind: "public" as const, redirectUris: [REDIRECT], isTrusted: true };
    await identity.createClient(operator, { ...trusted, scope: "openid user/*.cruds launch launch/patient patient/*.rs" });
    const own = new App(mesh, app.user, await configurationOf(mesh, "ward-app"));
    const browser = new Browser(mesh.base);
    const request = await own.request("openid user/Observation.rs");
    const login = await browser.see(request.url);
    const back = await browser.leave(login.url, { step: "login", login: NURSE, password: PASSWORD });
    expect((await own.exchange(back, request.verifier, request.state)).scope).toBe("openid user/Observation.rs");
    const about = await own.request("launch/patient patient/Observation.rs");
    const pick = await browser.see(about.url);
    const picked = await browser.leave(pick.url, { step: "pick", patient: rossi });
    expect((await own.exchange(picked, about.verifier, about.state))["patient"]).toBe(rossi);
    const { launch } = await launchOf(ehr, { client: "ward-app", patient: bianchi });
    const started = await own.request("launch patient/Observation.rs", { launch });
    const straight = await browser.leave(started.url);
    expect((await own.exchange(straight, started.verifier, started.state))["patient"]).toBe(bianchi);
  });

  it.each(["ES384", "RS384"])("without a person proves itself by a key (%s), each assertion once", async (alg) => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const jwks = { keys: [{ ...((await exportJWK(publicKey)) as Record<string, string>), alg, kid: alg, use: "sig" }] };
    const id = `loader-${alg}`;
    await identity.createClient(operator, { id, name: id, kind: "backend", scope: "system/*.rs", roles: ["system"], jwks });
    const assertions: string[] = [];
    const keep = client.PrivateKeyJwt({ key: privateKey, kid: alg });
    const auth: client.ClientAuth = async (...given) => {
      await keep(...given);
      assertions.push(given[2].get("client_assertion") ?? "");
    };
    const config = await configurationOf(mesh, id, auth);
    const tokens = await client.clientCredentialsGrant(config, { scope: "system/Patient.read system/Observation.cruds user/*.rs" });
    expect(tokens.scope).toBe("system/Patient.rs system/Observation.rs");
    expect(claimsOf(tokens.access_token)).toMatchObject({ sub: id, client_id: id, roles: ["system"] });
    expect(tokens.refresh_token).toBeUndefined();
    const form = {
      grant_type: "client_credentials",
      client_id: id,
      client_assertion: assertions[0] ?? "",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    };
    const again = await fetch(`${mesh.base}/auth/token`, { method: "POST", body: new URLSearchParams(form) });
    expect([again.status, await again.json()]).toEqual([401, expect.objectContaining({ error: "invalid_client" })]);
    await client.tokenRevocation(config, tokens.access_token);
    const { jti } = claimsOf(tokens.access_token);
    expect(await identity.endedSince(operator, { at: 0 })).toContainEqual(expect.objectContaining({ jti }));
  });

  it("of Medplum's client signs in with its key, and works within its scopes", async () => {
    const program = await registerProgram(mesh, "medplum", "system/Patient.cruds");
    const medplum = new MedplumClient({
      baseUrl: mesh.base,
      fhirUrlPath: "fhir",
      tokenUrl: "auth/token",
      fetch: globalThis.fetch,
      cacheTime: 0,
    });
    await expect(medplum.searchResources("Patient")).rejects.toMatchObject({ outcome: { issue: [{ code: "login" }] } });
    await medplum.startJwtAssertionLogin(await program.assertion());
    const created = await medplum.createResource({ resourceType: "Patient", name: [{ family: "Medplum" }] });
    expect(await medplum.readResource("Patient", created.id as string)).toMatchObject({ name: [{ family: "Medplum" }] });
    expect((await medplum.searchResources("Patient", { family: "Medplum" })).map(({ id }) => id)).toEqual([created.id]);
    await expect(medplum.readResource("Observation", "1")).rejects.toThrow();
  });
});
