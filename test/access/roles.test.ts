/** A hospital whose doors are closed: who comes without a token, who has the role, and what each role cannot see. */
import { SYSTEMS, WHEN_CLOSED } from "../../services/systems.ts";
import { accessOf, asSystem } from "../../mesh/access/access.ts";
import { brokerOf } from "../../mesh/caller.ts";
import type { RoleName } from "../../services/identity/identity.contract.ts";
import { App } from "../identity/app.ts";
import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const ALL = "openid user/*.cruds actions";
const SERVICES = [...SYSTEMS.provider, ...WHEN_CLOSED];

describe("a hospital that is closed", () => {
  let mesh: Mesh;
  let app: App;
  const people = new Map<string, FhirHttp>();
  const tokens = new Map<string, string>();

  const signIn = async (who: App, name: string, scope = ALL) => {
    const { access_token } = await who.signIn(scope);
    tokens.set(name, access_token);
    people.set(name, fhirAt(mesh.base, access_token));
  };
  const as = (name: string): FhirHttp => people.get(name) as FhirHttp;
  const act = async (name: string, action: string, params: object) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${tokens.get(name)}` };
    const answer = await fetch(`${mesh.base}/api/${action}`, { method: "POST", headers, body: JSON.stringify(params) });
    return { status: answer.status, body: (await answer.json()) as { error: object; patient: string; encounter: string } };
  };

  beforeAll(async () => {
    mesh = await startMesh({ services: SERVICES, nats: false, split: "broker", env: { ACCESS: "closed" } });
    app = await App.register(mesh, ["nurse"], `${ALL} user/Patient.rs`);
    await signIn(app, "nurse");
    for (const role of ["physician", "front-desk", "lab-technician", "administrator", "billing", "records-office"] satisfies RoleName[]) {
      await signIn(await app.alsoFor(role, [role]), role);
    }
  }, 60_000);
  afterAll(() => mesh?.stop());

  it.each([
    ["GET", "/fhir/Patient"],
    ["GET", "/fhir/Patient/1"],
    ["PUT", "/fhir/Patient/1"],
    ["POST", "/fhir"],
    ["GET", "/fhir/_history"],
    ["GET", "/fhir?_type=Patient"],
    ["POST", "/api/patients/register"],
    ["GET", "/api/wards/listBeds"],
    ["GET", "/console.json"],
  ])("answers %s %s to nobody who has not signed in", async (method, path) => {
    const body = method === "GET" ? undefined : "{}";
    const answer = await fetch(mesh.base + path, { method, headers: { "Content-Type": "application/json" }, ...(body && { body }) });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer realm=/);
    expect(await answer.text()).toMatch(/Sign in first/);
  });

  it.each([
    "/fhir/metadata",
    "/health/live",
    "/health/ready",
    "/.well-known/smart-configuration",
    "/fhir/.well-known/smart-configuration",
    "/openapi.json",
    "/docs",
  ])("says %s to everybody", async (path) => {
    expect((await fetch(mesh.base + path)).status).toBe(200);
  });

  it.each([
    ["no token of ours", "Bearer eyJhbGciOiJub25lIn0.e30."],
    ["a password", "Basic cm9zc2k6cGFzc3dvcmQ="],
    ["two words", "Bearer a b"],
  ])("refuses %s", async (_, authorization) => {
    const answer = await fetch(`${mesh.base}/fhir/Patient`, { headers: { authorization } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/error="invalid_(token|request)"/);
  });

  it("says in its CapabilityStatement what who asks may, and to who has not signed in what there is", async () => {
    const told = async (fhir: FhirHttp) => {
      const { rest } = (await fhir.get("/metadata")).body as { rest: [{ resource: { type: string; interaction: { code: string }[] }[] }] };
      return new Map(rest[0].resource.map(({ type, interaction }) => [type, interaction.map(({ code }) => code)]));
    };
    const [all, nurse, administrator] = [await told(fhirAt(mesh.base)), await told(as("nurse")), await told(as("administrator"))];
    expect([all.has("Invoice"), nurse.has("Invoice"), administrator.has("Patient")]).toEqual([true, false, false]);
    expect(all.get("Patient")).toEqual(expect.arrayContaining(["read", "delete", "search-type"]));
    expect(nurse.get("Patient")).toEqual(expect.arrayContaining(["read", "update", "create", "search-type"]));
    expect(nurse.get("Patient")).not.toContain("delete");
    expect(nurse.get("Condition")?.sort()).toEqual(["history-instance", "history-type", "read", "search-type", "vread"]);
    expect(administrator.get("Location")).toContain("delete");
  });

  it("lets each do the work of their role, from registration to the bill", async () => {
    const registered = await act("front-desk", "patients/register", {
      family: "Haddad",
      given: ["Lina"],
      birthDate: "1990-02-03",
      gender: "female",
      identifier: { system: "urn:card", value: "1" },
    });
    expect(registered).toMatchObject({ status: 200 });
    const { patient } = registered.body;
    const opened = await act("front-desk", "visits/open", { patient, reason: "cough" });
    expect(opened).toMatchObject({ status: 200 });
    expect((await as("nurse").get(`/${patient}`)).status).toBe(200);
    const weight = {
      resourceType: "Observation",
      status: "final",
      code: { text: "Weight" },
      subject: { reference: patient },
      valueQuantity: { value: 61, unit: "kg" },
    };
    expect((await as("nurse").create(weight)).status).toBe(201);
    expect((await as("physician").get(`/Patient?_id=${patient.split("/")[1]}&_revinclude=Observation:subject`)).body.entry).toHaveLength(2);
  });

  it("lets the records office merge two records whole, also what it may not see of them, and the front desk not", async () => {
    const register = async (given: string) =>
      (await act("front-desk", "patients/register", { family: "Saidi", given: [given], birthDate: "1970-01-02", gender: "female" })).body
        .patient;
    const [source, target] = [await register("Nora"), await register("Samira")];
    const note = { resourceType: "Condition", subject: { reference: source }, code: { text: "cough" } };
    const { id } = (await as("physician").create(note)).body;
    expect((await as("records-office").get(`/Condition/${id}`)).status).toBe(403);
    const asked = { source, target };
    expect(await act("front-desk", "patients/merge", asked)).toMatchObject({ status: 403, body: { error: { type: "NOT_ALLOWED" } } });
    expect(await act("records-office", "patients/merge", asked)).toMatchObject({
      status: 200,
      body: { state: "merged", moved: 3, left: 0 },
    });
    expect((await as("physician").get(`/Condition/${id}`)).body.subject).toEqual({ reference: target });
    expect(await act("records-office", "patients/unmerge", { source })).toMatchObject({ status: 200, body: { state: "not merged" } });
    expect((await as("physician").get(`/Condition/${id}`)).body.subject).toEqual({ reference: source });
  });

  it("tells of changes of a board who may see one, as long as they are signed in", async () => {
    const listen = (headers: Record<string, string>) => fetch(`${mesh.base}/api/wards/board/events`, { headers });
    const bearer = (name: string) => ({ Authorization: `Bearer ${tokens.get(name)}` });
    expect((await listen({})).status).toBe(401);
    expect((await listen(bearer("records-office"))).status).toBe(403);
    const stream = await listen(bearer("nurse"));
    expect([stream.status, stream.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    await stream.body?.cancel();
  });

  it("refuses what a role is not for, and says so", async () => {
    expect(await act("nurse", "billing/setPrice", { code: { system: "urn:x", code: "1" }, cents: 1, currency: "EUR" })).toMatchObject({
      status: 403,
      body: { error: { code: 403, type: "NOT_ALLOWED" } },
    });
    for (const [name, path] of [
      ["administrator", "/Patient"],
      ["administrator", "/Observation?code=1"],
      ["front-desk", "/Observation"],
      ["nurse", "/Invoice"],
      ["lab-technician", "/MedicationRequest/1"],
    ] as const) {
      const answer = await as(name).get(path);
      expect({ name, path, status: answer.status }).toEqual({ name, path, status: 403 });
      expect(answer.body).toEqual(outcomeWith("forbidden"));
    }
    expect((await as("nurse").send("DELETE", "/Patient/1")).status).toBe(403);
    expect((await as("front-desk").create({ resourceType: "Observation", status: "final", code: { text: "x" } })).status).toBe(403);
  });

  it("shows nothing of what a role may not see through chains, includes, counts, bundles, history and operations", async () => {
    const patient = (await as("front-desk").get("/Patient?family=Haddad")).body.entry[0].resource.id as string;
    const desk = as("front-desk");
    expect((await as("physician").get("/Patient?_has:Observation:subject:code:text=Weight")).body.total).toBe(1);
    expect((await desk.get("/Patient?_has:Observation:subject:code:text=Weight&_total=accurate")).body.total).toBe(0);
    expect((await desk.get(`/Patient?_id=${patient}&_revinclude=Observation:subject`)).body.entry).toHaveLength(1);
    const whole = await desk.get(`/Patient/${patient}/$everything`);
    expect(new Set(whole.body.entry.map((it: { resource: { resourceType: string } }) => it.resource.resourceType))).toEqual(
      new Set(["Patient", "Encounter"]),
    );
    const batch = await desk.send("POST", "", {
      resourceType: "Bundle",
      type: "batch",
      entry: [{ request: { method: "GET", url: "Observation" } }, { request: { method: "GET", url: `Patient/${patient}` } }],
    });
    expect(batch.body.entry.map((it: { response: { status: string } }) => it.response.status.slice(0, 3))).toEqual(["403", "200"]);
    const history = await desk.get("/_history?_count=100");
    expect(history.body.entry.map((it: { request: { url: string } }) => it.request.url.split("/")[0])).not.toContain("Observation");
    expect(
      (await desk.get("/?_type=Observation,Patient")).body.entry.every(
        (it: { resource: { resourceType: string } }) => it.resource.resourceType === "Patient",
      ),
    ).toBe(true);
  });

  it("carries out nothing of a transaction that holds one step too many", async () => {
    const entry = (resource: { resourceType: string }) => ({ resource, request: { method: "POST", url: resource.resourceType } });
    const bundle = {
      resourceType: "Bundle",
      type: "transaction",
      entry: [
        entry({ resourceType: "Patient", name: [{ family: "Nobody" }] } as { resourceType: string }),
        entry({ resourceType: "Condition", subject: { reference: "Patient/1" }, code: { text: "x" } } as { resourceType: string }),
      ],
    };
    const answer = await as("front-desk").send("POST", "", bundle);
    expect(answer.status).toBe(403);
    expect(answer.body).toEqual(outcomeWith("forbidden"));
    expect((await as("front-desk").get("/Patient?family=Nobody")).body.total).toBe(0);
  });

  it("lets nobody be told of what they may not see", async () => {
    const backend = await app.alsoFor("backend", ["system"]);
    const subscription = (criteria: string) => ({
      resourceType: "Subscription",
      status: "requested",
      reason: "x",
      criteria,
      channel: { type: "websocket" },
    });
    await signIn(backend, "all");
    expect((await as("all").create(subscription("Observation?code=1"))).status).toBe(201);
    await signIn(backend, "few", "openid user/Subscription.cruds user/Patient.rs");
    expect((await as("few").create(subscription("Patient?active=true"))).status).toBe(201);
    const refused = await as("few").create(subscription("Observation?code=1"));
    expect(refused.status).toBe(403);
    expect(refused.body).toEqual(outcomeWith("forbidden"));
  });

  it("narrows the role to what the app was granted", async () => {
    await signIn(app, "reader", "openid user/Patient.rs");
    expect((await as("reader").get("/Patient")).status).toBe(200);
    expect((await as("reader").create({ resourceType: "Patient" })).status).toBe(403);
    expect((await as("reader").get("/Observation")).status).toBe(403);
    expect(await act("reader", "wards/listBeds", {})).toMatchObject({ status: 403, body: { error: { type: "NOT_ALLOWED" } } });
  });

  it("shows an app whose scope has a query what that finds, by every door, and takes nothing else from it", async () => {
    const category = (code: string) => [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code }] }];
    const patient = (await as("front-desk").create({ resourceType: "Patient", name: [{ family: "Scope" }] })).body.id as string;
    const observation = (code: string, text: string) => ({
      resourceType: "Observation",
      status: "final",
      category: category(code),
      code: { text },
      subject: { reference: `Patient/${patient}` },
    });
    const make = async (code: string) => (await as("physician").create(observation(code, code))).body.id as string;
    const [pulse, survey] = [await make("vital-signs"), await make("survey")];
    const physician = await app.alsoFor("scoped", ["physician"]);
    await signIn(physician, "scoped", "openid user/Patient.rs user/Observation.cruds?category=vital-signs");
    const scoped = as("scoped");
    const status = async (path: string) => (await scoped.get(path)).status;
    expect([await status(`/Observation/${pulse}`), await status(`/Observation/${survey}`)]).toEqual([200, 404]);
    expect([await status(`/Observation/${pulse}/_history/1`), await status(`/Observation/${survey}/_history/1`)]).toEqual([200, 404]);
    const idsOf = async (path: string) =>
      ((await scoped.get(path)).body.entry ?? []).flatMap(({ resource }: { resource: { id: string; resourceType: string } }) =>
        resource.resourceType === "Observation" ? [resource.id] : [],
      );
    for (const path of [
      `/Observation?subject=Patient/${patient}`,
      `/Observation?_id=${pulse},${survey}`,
      `/Observation?category:not=laboratory&subject=Patient/${patient}`,
      `/Patient?_id=${patient}&_revinclude=Observation:subject`,
      `/Patient/${patient}/Observation`,
      `/Patient/${patient}/$everything`,
      "/Observation/_history?_count=100",
      "/_history?_count=200",
      `/?_type=Observation,Patient&_id=${pulse},${survey}`,
    ]) {
      expect([path, await idsOf(path)]).toEqual([path, [pulse]]);
    }
    const found = async (path: string) => (await scoped.get(path)).body.total as number;
    expect(await found(`/Observation?subject=Patient/${patient}&_summary=count`)).toBe(1);
    expect(await found("/Patient?_has:Observation:subject:code:text=survey&_total=accurate")).toBe(0);
    expect(await found(`/Patient?_id=${patient}&_has:Observation:subject:code:text=vital-signs&_total=accurate`)).toBe(1);

    expect((await scoped.create(observation("vital-signs", "new"))).status).toBe(201);
    for (const answer of [
      await scoped.create(observation("survey", "new")),
      await scoped.send("PUT", `/Observation/${pulse}`, { ...observation("survey", "moved"), id: pulse }),
      await scoped.send("PUT", `/Observation/${survey}`, { ...observation("vital-signs", "taken"), id: survey }),
      await scoped.send("DELETE", `/Observation/${survey}`),
    ]) {
      expect([answer.status, answer.body]).toEqual([403, outcomeWith("forbidden")]);
    }
    expect((await as("physician").get(`/Observation/${survey}`)).body.code.text).toBe("survey");
  });

  it("shows a writer of what they have written only what they may read", async () => {
    const writer = await app.alsoFor("writer", ["physician"]);
    const { body } = await as("physician").create({ resourceType: "Observation", status: "final", code: { text: "secret" } });
    await signIn(writer, "writer", "openid user/Observation.u user/Observation.r?category=vital-signs");
    const answer = await as("writer").send(
      "PUT",
      `/Observation/${body.id}`,
      { ...body, status: "amended" },
      { Prefer: "return=representation" },
    );
    expect([answer.status, JSON.stringify(answer.body ?? "").includes("secret")]).toEqual([200, false]);

    // Nor is a transaction refused, which is committed by then.
    const both = await app.alsoFor("both", ["physician"]);
    await signIn(both, "both", "openid user/Observation.c user/Condition.c");
    const entry = [
      { resourceType: "Observation", status: "final", code: { text: "secret" } },
      { resourceType: "Condition", code: { text: "secret" }, subject: { display: "somebody" } },
    ].map((resource) => ({ resource, request: { method: "POST", url: resource.resourceType } }));
    const bundle = { resourceType: "Bundle", type: "transaction", entry };
    const { status, body: written } = await as("both").send("POST", "", bundle, { Prefer: "return=representation" });
    expect([status, JSON.stringify(written).includes("secret")]).toEqual([200, false]);
    expect(written.entry.map(({ response }: { response: { status: string } }) => response.status.slice(0, 3))).toEqual(["201", "201"]);
  });

  it("answers no peer of the mesh without a stamp, or with one of its own making", async () => {
    for (const meta of [
      {},
      { as: "forged.stamp" },
      { as: { sub: "system:operator", roles: ["system:operator"] } },
      { user: "admin", roles: ["administrator"] },
    ]) {
      for (const [action, params] of [
        ["patients.fhir.search", { query: { type: "Patient", clauses: [], sort: [], want: "rows", limit: 10 } }],
        ["patients.fhir.write", { steps: [{ op: "delete", type: "Patient", id: "1" }] }],
        [
          "patients.register",
          { family: "X", given: ["Y"], birthDate: "1990", gender: "female", identifier: { system: "urn:card", value: "2" } },
        ],
        ["patients.fhir.commit", { tx: "x~y", at: 1 }],
        ["identity.listUsers", {}],
        ["transactions.process", { text: "{}", base: "", representation: false }],
      ] as const) {
        await expect(mesh.call(action, params, { meta })).rejects.toMatchObject({ code: 401, type: "SIGN_IN_NEEDED" });
      }
    }
  });

  it("answers at no action of any service who has no stamp, or one of their own making", async () => {
    const actions = brokerOf(mesh.caller).registry.getActionList({ onlyLocal: true, skipInternal: true });
    const open = new Set(["identity.currentRoles", "desk.file", "desk.page", "api.rest"]); // they say nothing of people
    const names = actions.map(({ name }) => name).filter((name) => !open.has(name));
    expect(names.length).toBeGreaterThan(250);
    const stamps = [undefined, { sub: "system:operator", roles: ["system:operator"] }];
    for (const name of names) {
      for (const as of stamps) {
        // Params are checked before: they are published anyway.
        const refused = await mesh.call(name, {}, { meta: { as, user: "admin", roles: ["administrator"] } }).then(
          () => "answered",
          ({ type }: { type: string }) => type,
        );
        expect([name, as, refused]).toEqual([name, as, expect.stringMatching(/^(SIGN_IN_NEEDED|VALIDATION_ERROR)$/)]);
      }
    }
  });

  it("gives an answer that was kept for an Idempotency-Key to no app of the same person that may not see it", async () => {
    const keyed = await app.alsoFor("keyed", ["nurse"]);
    await signIn(keyed, "keyed");
    const weight = { resourceType: "Observation", status: "final", code: { text: "kept secret" } };
    const headers = { "Idempotency-Key": '"kept-1"', Prefer: "return=representation" };
    const first = await as("keyed").create(weight, headers);
    expect([first.status, (await as("keyed").create(weight, headers)).body]).toEqual([201, first.body]);
    for (const scope of ["user/Patient.rs", "user/Observation.cruds?category=laboratory", "user/Observation.c"]) {
      await signIn(keyed, "keyed", `openid user/Patient.rs ${scope}`);
      const after = await as("keyed").create(weight, headers);
      expect([scope, after.status, after.body]).toEqual([scope, 422, outcomeWith("processing")]);
    }
    await signIn(keyed, "keyed");
    expect((await as("keyed").create(weight, headers)).body).toEqual(first.body);
  });

  it("has one time for all that a request of somebody's asks, whatever it asks", async () => {
    const meta = { as: accessOf(mesh.caller).stampOf({ sub: "1", roles: ["physician"] }) };
    const named = { type: "Patient", clauses: [] };
    const query = { ...named, sort: [], want: "ids", limit: 10 };
    for (const [name, params] of [
      ["search", { query }],
      ["searchMany", { queries: [query] }],
      ["count", named],
      ["joinKeys", { ...named, limit: 10 }],
      ["joinKeysAmong", { ...named, among: ["1"] }],
    ] as const) {
      const answer = await mesh.call(`patients.fhir.${name}`, { ...params, budgetMs: 5_000 }, { meta });
      expect([name, JSON.stringify(answer)]).toEqual([name, expect.stringContaining('"spentMs":')]);
      const over = mesh.call(`patients.fhir.${name}`, { ...params, budgetMs: 0 }, { meta });
      await expect(over).rejects.toMatchObject({ message: expect.stringContaining("take too long") });
    }
  });

  it("lets no person do what is the mesh's own work", async () => {
    // Whatever the roles say: an action of the mesh's own is none that a role may name.
    const physician = { sub: "1", roles: ["physician"] };
    const meta = { as: accessOf(mesh.caller).stampOf(physician) };
    for (const action of ["patients.fhir.facts", "patients.fhir.commit", "identity.listUsers"]) {
      await expect(mesh.call(action, {}, { meta })).rejects.toMatchObject({ code: 403, type: "NOT_ALLOWED" });
    }
    const operator = asSystem(mesh.caller, "billing");
    await expect(operator.call("patients.fhir.commit", { tx: "x~y", at: 1 })).rejects.toMatchObject({ code: 403, type: "NOT_ALLOWED" });
    await expect(operator.call("identity.listUsers", {})).rejects.toMatchObject({ code: 403, type: "NOT_ALLOWED" });
  });
});
