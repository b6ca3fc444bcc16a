/** What was refused is on record too: by whom, on whose record, why, and of floods how often. */
import { generate } from "otplib";
import { asSystem } from "../../mesh/access/access.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import type { Look } from "../../services/ledger/ledger.contract.ts";
import { Browser } from "../../scripts/identity/browser.ts";
import { type App, PASSWORD } from "../identity/app.ts";
import type { IdentityData } from "../../services/identity/identity-data.ts";
import { RAN_OUT_KEPT_MS } from "../../services/identity/provider/adapter.ts";
import { eventually } from "../kit/events.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import type { Mesh } from "../kit/mesh.ts";
import { SignedIn, startClosed } from "./signed-in.ts";

const SCOPE = "openid user/*.cruds actions";

// biome-ignore lint/suspicious/noExplicitAny: FHIR JSON as it came
type Json = any;

describe("the audit entries of refused attempts", () => {
  let mesh: Mesh;
  let all: SignedIn;
  let app: App;
  const as = (name: string): FhirHttp => all.as(name);
  const rest: SignedIn["api"] = (...asked) => all.api(...asked);
  const looksAt: SignedIn["looksAt"] = (...asked) => all.looksAt(...asked);
  const newPatient: SignedIn["newPatient"] = (...asked) => all.newPatient(...asked);

  beforeAll(async () => {
    mesh = await startClosed();
    const scopes = "offline_access launch patient/*.cruds user/AllergyIntolerance.cruds user/Observation.cruds";
    all = await SignedIn.at(mesh, ["front-desk", "system", "auditor", "physician"], scopes);
    app = all.app;
    await all.signIn(await app.alsoFor("nurse", ["nurse"]), "nurse");
  });
  afterAll(() => mesh?.stop());

  it("include every refused attempt on a patient's record, for any reason, through any API", async () => {
    const [patient, other] = [await newPatient(), await newPatient()];
    const observation = { resourceType: "Observation", status: "final", code: { text: "x" }, subject: { reference: patient } };
    const { body: stored } = await as("nurse").create(observation);
    const place = `Observation/${stored.id}`;
    const open = async () => (await rest("front-desk", "visits/open", { patient })).body;
    const closed = (await open()).visit as string;
    expect((await rest("front-desk", "visits/close", { visit: closed })).status).toBe(200);
    await open();
    const invalid = { ...observation, status: "none" };
    const bundle = (type: string, method: string, url: string, resource?: object) => ({
      resourceType: "Bundle",
      type,
      entry: [{ request: { method, url, ifMatch: 'W/"9"' }, ...(resource && { resource }) }],
    });
    type Try = [status: number, deed: string, () => Promise<{ status: number; body: Json }>];
    const tries: Try[] = [
      [412, "update", () => as("nurse").send("PUT", `/${place}`, stored, { "If-Match": 'W/"9"' })],
      [409, "update", () => as("nurse").send("PUT", `/${place}`, { ...stored, subject: { reference: other } })],
      [422, "create", () => as("nurse").create(invalid)],
      [422, "create", () => as("nurse").create({ ...observation, performer: [{ reference: "Practitioner/another" }] })],
      [403, "delete", () => as("nurse").send("DELETE", `/${place}`)],
      [409, "delete", () => as("system").send("DELETE", `/${patient}`)],
      [404, "vread", () => as("nurse").get(`/${place}/_history/9`)],
      [403, "search", () => as("nurse").get(`/Invoice?subject=${patient}`)],
      [404, "operation", () => as("auditor").get(`/${patient}/$everything`)],
      [412, "create", () => as("nurse").send("POST", "", bundle("transaction", "PUT", place, stored))],
      [200, "update", () => as("nurse").send("POST", "", bundle("batch", "PUT", place, stored))],
      [200, "delete", () => as("nurse").send("POST", "", bundle("batch", "DELETE", place))],
      [400, "read", () => as("nurse").get(`/${patient}`, { "X-Purpose-Of-Use": "NONE" })],
      [422, "operation", () => rest("front-desk", "visits/open", { patient, junk: 1 })],
      [409, "operation", () => rest("front-desk", "visits/open", { patient })],
      [409, "operation", () => rest("front-desk", "visits/close", { visit: closed })],
      [403, "operation", () => rest("nurse", "patients/merge", { source: patient, target: other })],
    ];
    const statuses: number[] = [];
    for (const [, , attempt] of tries) statuses.push((await attempt()).status);
    expect(statuses).toEqual(tries.map(([status]) => status));
    const refused = async () => (await as("auditor").get(`/AuditEvent?patient=${patient}&outcome=4&_count=100`)).body.entry ?? [];
    const found = (await eventually(refused, (entry) => entry.length >= tries.length)) as Json[];
    const wanted = tries.map(([status, deed]) => `${deed} ${status === 200 ? (deed === "delete" ? 403 : 412) : status}`);
    expect(found.map(({ resource }) => `${resource.subtype[0].code} ${resource.outcomeDesc.slice(0, 3)}`).sort()).toEqual(wanted.sort());
  });

  describe("of what an app may not see, which it is told does not exist, include", () => {
    let mine: string;
    let record: string;
    let allergy: string;
    let observation: string;
    let list: string;
    const apps = new Map<string, FhirHttp>();

    beforeAll(async () => {
      [mine, record] = [await newPatient(), await newPatient()];
      const made = async (resource: object, by = "physician") => {
        const { body } = await as(by).create(resource);
        return `${body.resourceType}/${body.id}`;
      };
      const clinicalStatus = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] };
      allergy = await made({ resourceType: "AllergyIntolerance", clinicalStatus, code: { text: "milk" }, patient: { reference: record } });
      observation = await made({ resourceType: "Observation", status: "final", code: { text: "milk" }, subject: { reference: record } });
      const entry = [{ item: { reference: observation } }];
      list = await made({ resourceType: "List", status: "current", mode: "working", subject: { reference: record }, entry }, "system");
      const doctor = await app.alsoFor("doctor", ["physician"]);
      await all.signIn(doctor, "doctor");
      const { body } = await rest("doctor", "identity/createLaunch", { client: "app", patient: mine.split("/")[1] });
      const { access_token } = await doctor.signIn("launch patient/*.cruds", { more: { launch: body.launch, aud: `${mesh.base}/fhir` } });
      apps.set("patient", fhirAt(mesh.base, access_token));
      await all.signIn(doctor, "partial", "openid user/AllergyIntolerance.cruds?code=nuts user/Observation.cruds?code=nuts");
      apps.set("query", as("partial"));
    });

    const bundle = (type: string, method: string, url: string) => ({ resourceType: "Bundle", type, entry: [{ request: { method, url } }] });
    const idOf = (place: string) => place.split("/")[1];
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    type Ask = [method: string, path: string, body?: object | string, headers?: Record<string, string>];
    const ofPlaces = (): Ask[] => [
      ["GET", `/${observation}`],
      ["HEAD", `/${observation}`],
      ["GET", `/${allergy}/_history`],
      ["GET", `/Observation?_id=${idOf(observation)}`],
      ["GET", `/Observation?_id=${idOf(observation)}&_summary=count`],
      ["GET", `/?_type=Observation,Condition&_id=${idOf(observation)}`],
      ["POST", "/Observation/_search", `code=x&_id=${idOf(observation)}`, form],
      ["GET", `/Provenance?target=${observation}`],
      ["GET", `/Observation?_list=${idOf(list)}`],
      ["GET", `/Observation?derived-from=${observation}`],
      ["GET", `/Observation?has-member:Observation._id=${idOf(observation)}`],
      ["GET", `/Observation?_has:Observation:has-member:_id=${idOf(observation)}`],
      ["POST", "/Observation/_search", `_has%3AObservation%3Ahas-member%3A_id=${idOf(observation)}`, form],
      ["GET", `/Observation?subject:Patient._id=${idOf(record)}`],
      ["DELETE", `/${allergy}`],
      ["DELETE", `/AllergyIntolerance?_id=${idOf(allergy)}`],
      ["POST", "", bundle("batch", "GET", `Observation?_id=${idOf(observation)}`)],
      ["POST", "", bundle("batch", "DELETE", allergy)],
      ["POST", "", bundle("transaction", "GET", `Observation?_id=${idOf(observation)}`)],
      ["POST", "", bundle("transaction", "DELETE", allergy)],
      ["POST", "", bundle("transaction", "DELETE", `AllergyIntolerance?_id=${idOf(allergy)}`)],
    ];
    const ofRecord = (): Ask[] => [
      ["GET", `/Observation?patient=${record}`],
      ["GET", `/Observation?subject:Patient=${idOf(mine)},${idOf(record)}&_summary=count`],
      ["GET", `/Observation?subject:Patient._id=${idOf(record)}`],
      ["POST", "/Observation/_search", `patient=${idOf(record)}`, form],
      ["GET", `/${record}/Observation`],
      ["GET", `/${record}/*`],
      ["GET", `/Observation/$lastn?patient=${record}`],
      ["POST", "/Observation/$lastn", { resourceType: "Parameters", parameter: [{ name: "patient", valueString: record }] }],
      ["POST", "", bundle("batch", "GET", `Observation?patient=${record}`)],
      ["GET", `/Patient?_id=${idOf(record)}`],
    ];
    const attempts = async (name: string, asks: Ask[]): Promise<string[]> => {
      const told: string[] = [];
      for (const [index, [method, path, body, headers]] of asks.entries()) {
        const id = { ...headers, "X-Request-ID": `${name}-${index}` };
        const { status } = await (apps.get(name) as FhirHttp).send(method, path, body, id);
        told.push(`${method} ${path} ${status < 300 || status === 404}`);
      }
      return told;
    };
    const refusedOf = async (patient: string, name: string): Promise<number[]> => {
      const { entry = [] } = (await as("auditor").get(`/AuditEvent?patient=${patient}&outcome=4&_count=200`)).body;
      const calls = entry.map(({ resource }: Json) => new RegExp(`"${name}-(\\d+)"`).exec(JSON.stringify(resource))?.[1]);
      return calls.flatMap((index: string | undefined) => (index === undefined ? [] : Number(index)));
    };

    it.each(["patient", "query"])("every attempt on a resource by an app limited to one %s", async (name) => {
      const asks = ofPlaces();
      expect(await attempts(name, asks)).toEqual(asks.map(([method, path]) => `${method} ${path} true`));
      const found = await eventually(
        () => refusedOf(record, name),
        (some) => new Set(some).size >= asks.length,
      );
      expect([...new Set(found)].sort((a, b) => a - b)).toEqual(asks.map((_, index) => index));
      expect((await as("physician").get(`/${allergy}`)).status).toBe(200);
    });

    it("every attempt on another patient's record, and none on its own", async () => {
      apps.set("record", apps.get("patient") as FhirHttp);
      const asks = ofRecord();
      const own: Ask[] = [
        ["GET", `/Observation?patient=${mine}&code=none`],
        ["GET", `/${mine}/Observation`],
        ["GET", `/Patient?_id=${idOf(mine)}&name=nobody`],
        ["DELETE", `/Observation?patient=${mine}`],
      ];
      await attempts("record", [...own, ...asks]);
      const found = await eventually(
        () => refusedOf(record, "record"),
        (some) => new Set(some).size >= asks.length,
      );
      expect([...new Set(found)].sort((a, b) => a - b)).toEqual(asks.map((_, index) => index + own.length));
    });
  });

  it("include searches by criteria on types that the caller's roles may not see, however they are spelt", async () => {
    const asks = ["_has:Observation:subject:code=x", "%5Fhas:Observation:subject:code=x", "_h%61s%3AObservation:subject:code=x", "name=x"];
    for (const [index, query] of asks.entries()) {
      const { status, body } = await as("front-desk").send("GET", `/Patient?${query}`, undefined, { "X-Request-ID": `beyond-${index}` });
      expect([status, body.entry ?? []]).toEqual([200, []]);
    }
    const calls = async (outcome: number): Promise<string[]> => {
      const { entry = [] } = (await as("auditor").get(`/AuditEvent?outcome=${outcome}&_count=200`)).body;
      return entry.flatMap(({ resource }: Json) => /"beyond-\d"/.exec(JSON.stringify(resource)) ?? []);
    };
    const refused = await eventually(
      () => calls(4),
      (some) => some.length >= 3,
    );
    expect(new Set(refused)).toEqual(new Set(['"beyond-0"', '"beyond-1"', '"beyond-2"']));
  });

  it("include invalid tokens: at most one entry at once for an address, whoever it was", async () => {
    const patient = await newPatient();
    const [head, claims, signature = ""] = all.tokenOf("nurse").split(".");
    const forged = fhirAt(mesh.base, [head, claims, [...signature].reverse().join("")].join("."));
    const tries = await Promise.all(Array.from({ length: 200 }, () => forged.get(`/${patient}`)));
    expect(new Set(tries.map(({ status }) => status))).toEqual(new Set([401]));
    const found = async () => (await as("auditor").get("/AuditEvent?subtype=token")).body;
    const { total, entry } = await eventually(found, (body) => body.total > 0);
    expect([total, entry[0].resource]).toEqual([
      1,
      expect.objectContaining({
        outcome: "4",
        outcomeDesc: "401 forged",
        agent: expect.arrayContaining([expect.objectContaining({ network: { address: "127.0.0.1", type: "2" }, requestor: true })]),
      }),
    ]);
    const [look] = (await looksAt(patient)).filter(({ isDone }) => !isDone);
    expect(look).toMatchObject({
      who: "unknown",
      says: "Somebody unknown has come with a token that is not valid, from 127.0.0.1 (refused)",
    });
  });

  const whoseAre = async (why: string) => {
    const found = await eventually(
      async () => (await as("auditor").get("/AuditEvent?subtype=token&_count=50")).body.entry ?? [],
      (entry: Json[]) => entry.some(({ resource }) => resource.outcomeDesc === why),
    );
    const event = found.find(({ resource }: Json) => resource.outcomeDesc === why).resource;
    return event.agent.map(({ who }: Json) => who?.reference ?? who?.display);
  };

  it("distinguish an expired refresh token from a forged one; the client is told which, and nothing else ends", async () => {
    const { url, verifier, state } = await app.code(`${SCOPE} offline_access`);
    const { refresh_token = "", access_token } = await app.exchange(url, verifier, state);
    const refresh = async (token: string) => {
      const body = new URLSearchParams({ client_id: "app", grant_type: "refresh_token", refresh_token: token });
      const answer = await fetch(`${mesh.base}/auth/token`, { method: "POST", body });
      return [answer.status, await answer.json()];
    };
    const { collections } = mesh.caller.getLocalService("identity") as unknown as { collections: IdentityData };
    const kept = await collections.artifacts.find({ query: { model: "RefreshToken" }, limit: 1_000 });
    const now = Date.now();
    for (const { _id, payload, expiresAt } of kept) {
      const token = JSON.parse(payload) as { exp: number };
      expect(expiresAt).toBeGreaterThan(token.exp * 1_000 + RAN_OUT_KEPT_MS);
      // As it is when its time is over, and it is not forgotten yet.
      await collections.artifacts.updateMany({ _id }, { $set: { payload: JSON.stringify({ ...token, exp: now / 1_000 - 60 }) } });
    }
    const answer = (says: RegExp) => [400, { error: "invalid_grant", error_description: expect.stringMatching(says) }];
    expect(await refresh(refresh_token)).toMatchObject(answer(/^It has expired/));
    expect(await refresh("guessed")).toMatchObject(answer(/^It is not from this server/));
    expect(await whoseAre("400 invalid_grant expired")).toEqual(["Practitioner/ada", "app", "identity"]);
    expect(await whoseAre("400 invalid_grant unknown")).not.toContain("Practitioner/ada");
    expect((await fhirAt(mesh.base, access_token).get("/Patient?_count=1")).status).toBe(200);
  });

  it("include a refresh token that is used a second time, with its person and app", async () => {
    const { url, verifier, state } = await app.code(`${SCOPE} offline_access`);
    const { refresh_token = "" } = await app.exchange(url, verifier, state);
    const post = (form: Record<string, string>) =>
      fetch(`${mesh.base}/auth/token`, { method: "POST", body: new URLSearchParams({ client_id: "app", ...form }) });
    const refresh = () => post({ grant_type: "refresh_token", refresh_token });
    expect((await refresh()).status).toBe(200);
    const again = await refresh();
    expect([again.status, await again.json()]).toMatchObject([
      400,
      { error: "invalid_grant", error_description: expect.stringMatching(/^It was used before/) },
    ]);
    expect(await whoseAre("400 invalid_grant used")).toEqual(["Practitioner/ada", "app", "identity"]);
    expect((await rest("auditor", "ledger/looksBy?who=Practitioner/ada")).body.looks[0].says).toMatch(
      /^Ada Rossi \(nurse\) has come with a token that is not valid, from 127/,
    );
  });

  it("are beside changes of people's own password and second factor, with person and address", async () => {
    const operator = asSystem(mesh.caller, "operator");
    const { link } = await identity.createUser(operator, { login: "ferri", name: "Ferri", roles: ["nurse"] });
    await new Browser(mesh.base).see(link?.link ?? "", { password: PASSWORD, repeat: PASSWORD });
    const browser = new Browser(mesh.base);
    const login = await browser.see((await app.request("openid")).url);
    await browser.see(login.url, { step: "login", login: "ferri", password: PASSWORD });
    const page = "/auth/account";
    const [, proof = ""] = /name="proof" value="([^"]+)"/.exec((await browser.see(page)).text) ?? [];
    const [, secret = ""] = /name="secret" value="(\w+)"/.exec((await browser.see(page, { step: "start", proof })).text) ?? [];
    const confirm = (code: string) => browser.see(page, { step: "confirm", proof, secret, current: PASSWORD, code });
    expect((await confirm("000000")).status).toBe(401); // nothing has changed by it
    const [, recovery = ""] = /<code[^>]*>([0-9A-Z-]{19})<\/code>/.exec((await confirm(await generate({ secret }))).text) ?? [];
    await browser.once(page, { step: "end", proof, current: PASSWORD, code: recovery });
    const next = "some other four words";
    expect((await browser.see(page, { step: "password", proof, current: PASSWORD, new: next, repeat: next })).status).toBe(200);
    const looks = async (): Promise<Look[]> => {
      const found = (await as("auditor").get("/AuditEvent?subtype=operation&outcome=0&_count=50&_sort=date")).body.entry ?? [];
      return found.map(({ resource: it }: Json) => [it.agent[0].who?.display, it.agent[0].network?.address, it.entity[0].description]);
    };
    const done = await eventually(looks, (found) => found.filter(([who]: Json) => who === "Ferri").length >= 4);
    expect(done.filter(([who]: Json) => who === "Ferri")).toEqual(
      ["setPassword", "startSecondFactor", "endSecondFactor", "changePassword"].map((change) => [
        "Ferri",
        "127.0.0.1",
        `identity.${change}`,
      ]),
    );
  });

  it("include refused sign-ins and second factors, with the person, if the name exists, and the address", async () => {
    const browser = new Browser(mesh.base);
    const { url } = await browser.see((await app.request("openid")).url);
    for (const typed of ["nurse", "nurse", "nobody"]) {
      expect((await browser.once(url, { step: "login", login: typed, password: "guessed" })).status).toBe(401);
    }
    // Somebody at a screen that was left open, who does not know the password.
    const ward = new Browser(mesh.base);
    await (await app.alsoFor("left-open", ["nurse"])).code("openid", { browser: ward });
    const [, ofPage = ""] = /name="proof" value="([^"]+)"/.exec((await ward.see("/auth/account")).text) ?? [];
    const change = { step: "password", proof: ofPage, current: "guessed", new: "some other four words", repeat: "some other four words" };
    expect((await ward.see("/auth/account", change)).status).toBe(401);
    const proof = new URLSearchParams({ grant_type: "client_credentials", client_id: "no-such", client_secret: "guessed" });
    expect((await fetch(`${mesh.base}/auth/token`, { method: "POST", body: proof })).status).toBe(401);
    const refused = async () => (await as("auditor").get("/AuditEvent?type=110114&outcome=4&_count=50")).body.entry ?? [];
    const seen = (entry: Json[]) =>
      entry
        .map(({ resource: it }) => [it.subtype[0].code, it.outcomeDesc, it.agent[0].who?.display, it.agent[0].network.address])
        .filter(([, why]) => why !== "401 forged" && !String(why).startsWith("400 invalid_grant"));
    const found = await eventually(refused, (entry) => seen(entry).length >= 4);
    expect(seen(found)).toEqual(
      expect.arrayContaining([
        ["110122", "401 password", "nurse", "127.0.0.1"], // the second is counted
        ["110122", "401 password", undefined, "127.0.0.1"],
        ["110122", "401 password", "left-open", "127.0.0.1"],
        ["token", "401 invalid_client", undefined, "127.0.0.1"],
      ]),
    );
    expect(seen(found)).toHaveLength(4);
  });
});
