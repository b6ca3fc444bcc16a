/** A hospital whose doors are closed: who comes without a token, who has the role, and what each role cannot see. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { asSystem } from "../../mesh/access/access.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import type { App } from "../identity/app.ts";
import { eventually } from "../kit/events.ts";
import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import type { Mesh } from "../kit/mesh.ts";
import { SignedIn, startClosed } from "./signed-in.ts";
import { runningMs } from "../kit/running-time.ts";

describe("a hospital with closed access", () => {
  let mesh: Mesh;
  let app: App;
  let all: SignedIn;
  beforeAll(async () => {
    mesh = await startClosed();
    all = await SignedIn.at(mesh, ["physician", "front-desk", "lab-technician", "administrator", "billing", "records-office", "system"]);
    app = all.app;
  });
  afterAll(() => mesh?.stop());

  const as = (name: string) => all.as(name);
  const act = (name: string, action: string, params: object) => all.act(name, action, params);

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
    ["GET", "/api/wards/board/events"],
    ["GET", "/api/events?types=Patient"],
    ["GET", "/api/events"],
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

  it("lists in its CapabilityStatement what the caller may do, and without sign-in what exists", async () => {
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

  it("lets each role do its work, from registration to the bill", async () => {
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

  it("lets the records office merge two records completely, including what it may not see, and not the front desk", async () => {
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

  it("sends changes of a board to those who may see one, while they are signed in", async () => {
    const listen = (headers: Record<string, string>) => fetch(`${mesh.base}/api/wards/board/events`, { headers });
    const bearer = (name: string) => ({ Authorization: `Bearer ${all.tokenOf(name)}` });
    expect((await listen({})).status).toBe(401);
    expect((await listen(bearer("records-office"))).status).toBe(403);
    const stream = await listen(bearer("nurse"));
    expect([stream.status, stream.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    await stream.body?.cancel();
  });

  it("binds each page link to its caller, and refuses it to others who may see the same", async () => {
    const family = "Turning";
    const { body } = await as("physician").create({ resourceType: "Patient", name: [{ family }] });
    for (const gender of ["female", "male"]) await as("physician").create({ resourceType: "Patient", name: [{ family }], gender });
    for (const text of ["a", "b", "c"]) {
      await as("physician").create({ resourceType: "Condition", subject: { reference: `Patient/${body.id}` }, code: { text } });
    }
    const found = await fetch(`${mesh.base}/fhir/Patient/_search`, {
      method: "POST",
      headers: { Authorization: `Bearer ${all.tokenOf("physician")}` },
      body: new URLSearchParams({ family, _count: "1" }),
    });
    const asked = ["?_type=Patient,Condition&_count=1", "/_history?_count=1", "/Patient/_history?_count=1", "/Condition?_count=1"];
    const within = [`/Patient/${body.id}/Condition?_count=1`, `/Patient/${body.id}/$everything?_count=1`, `/Patient/${body.id}/*?_count=1`];
    const pages = await Promise.all([...asked, ...within].map(async (path) => (await as("physician").get(path)).body));
    await all.signIn(await all.app.alsoFor("physician-2", ["physician"]), "physician-2");
    for (const { link } of [await found.json(), ...pages]) {
      const next = link.find((one: { relation: string }) => one.relation === "next").url.split("/fhir")[1];
      const statuses = await Promise.all(["physician-2", "nurse", "physician"].map(async (who) => (await as(who).get(next)).status));
      expect([next, statuses]).toEqual([next, [400, 400, 200]]);
    }
  });

  it("tells for a deletion whether the role may do it, without revealing what exists", async () => {
    const { body } = await as("physician").create({ resourceType: "Patient" });
    const issueOf = async (role: string, path: string) => (await as(role).get(path)).body.issue[0];
    const path = `/Patient/${body.id}/$validate?mode=delete`;
    expect(await issueOf("front-desk", path)).toMatchObject({ severity: "error", code: "forbidden" });
    expect(await issueOf("system", path)).toMatchObject({
      severity: "information",
      diagnostics: expect.stringContaining("you may delete it"),
    });
    expect(await issueOf("system", "/Patient/nobody/$validate?mode=delete")).toMatchObject({ severity: "error", code: "not-found" });
    const mode = { resourceType: "Parameters", parameter: [{ name: "mode", valueCode: "delete" }] };
    const ofNone = await as("system").send("POST", "/Patient/$validate", mode);
    expect([ofNone.status, ofNone.body.issue[0].code]).toEqual([400, "required"]);
  });

  it("refuses what a role may not do, and says so", async () => {
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

  it("reveals nothing that a role may not see through chains, includes, counts, bundles, history and operations", async () => {
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

  it("carries out nothing of a transaction with one forbidden entry", async () => {
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

  it("notifies nobody of what they may not see", async () => {
    const backend = await app.alsoFor("backend", ["system"]);
    const subscription = (criteria: string) => ({
      resourceType: "Subscription",
      status: "requested",
      reason: "x",
      criteria,
      channel: { type: "websocket" },
    });
    await all.signIn(backend, "all");
    expect((await as("all").create(subscription("Observation?code=1"))).status).toBe(201);
    await all.signIn(backend, "few", "openid user/Subscription.cruds user/Patient.rs");
    expect((await as("few").create(subscription("Patient?active=true"))).status).toBe(201);
    const refused = await as("few").create(subscription("Observation?code=1"));
    expect(refused.status).toBe(403);
    expect(refused.body).toEqual(outcomeWith("forbidden"));
  });

  it("lets nobody listen to another's subscription to what they may not see", async () => {
    const backend = await app.alsoFor("listener", ["system"]);
    await all.signIn(backend, "whole");
    await all.signIn(backend, "part", "openid user/Subscription.rs user/Patient.rs");
    const active = async (criteria: string) => {
      const { body } = await as("whole").create({
        resourceType: "Subscription",
        status: "requested",
        reason: "x",
        criteria,
        channel: { type: "websocket" },
      });
      await eventually(
        () => as("whole").get(`/Subscription/${body.id}`),
        (it) => it.body.status === "active",
      );
      return body.id as string;
    };
    const [patients, results] = [await active("Patient?active=true"), await active("Observation?code=1")];
    const bind = async (name: string, id: string) => {
      const options = { headers: { Authorization: `Bearer ${all.tokenOf(name)}` } };
      const webSocket = new WebSocket(`${mesh.base.replace("http", "ws")}/fhir/websocket`, options);
      const closed = once(webSocket, "close").then(() => "closed");
      await once(webSocket, "open");
      webSocket.send(`bind ${id}`);
      return { webSocket, closed, answer: await Promise.race([once(webSocket, "message").then(([text]) => String(text)), closed]) };
    };
    const heard = async (name: string, id: string) => {
      const { webSocket, answer } = await bind(name, id);
      webSocket.close();
      return answer;
    };
    expect([await heard("whole", results), await heard("part", patients), await heard("part", results)]).toEqual([
      `bound ${results}`,
      `bound ${patients}`,
      "closed",
    ]);
    // Who is not there any more hears no more, and at once.
    const { closed, answer } = await bind("whole", patients);
    expect(answer).toBe(`bound ${patients}`);
    await identity.closeUser(asSystem(mesh.caller, "operator"), { user: backend.login });
    const begun = runningMs();
    await closed;
    expect(runningMs() - begun).toBeLessThan(1_000); // as promised
  });

  it("shows no clinical role the credentials of other systems", async () => {
    for (const name of ["physician", "nurse"]) expect((await as(name).get("/Subscription")).status).toBe(403);
  });
});
