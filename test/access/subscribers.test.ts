/** Who has subscribed is told as long as they might look for themselves, and no longer. */
import { asSystem } from "../../mesh/access/access.ts";
import { identity, type RoleNow } from "../../services/identity/identity.contract.ts";
import type { App } from "../identity/app.ts";
import { type Endpoint, startEndpoint } from "../kit/endpoint.ts";
import { eventually } from "../kit/events.ts";
import type { Caller } from "../../mesh/caller.ts";
import type { Mesh } from "../kit/mesh.ts";
import { SignedIn, startClosed } from "./signed-in.ts";
import { runningMs } from "../kit/running-time.ts";

describe("a subscriber", () => {
  let mesh: Mesh;
  let all: SignedIn;
  let operator: Caller;
  let endpoint: Endpoint;
  beforeAll(async () => {
    mesh = await startClosed({ SUBSCRIPTION_NETWORKS: "127.0.0.1" });
    all = await SignedIn.at(mesh, ["system", "front-desk", "auditor"]);
    await all.signIn(await all.app.alsoFor("observer", ["system"]), "observer", "openid user/Observation.rs user/Subscription.cru");
    operator = asSystem(mesh.caller, "operator");
  });
  afterAll(() => mesh?.stop());
  beforeEach(async () => {
    endpoint = await startEndpoint();
  });
  afterEach(() => endpoint.close());

  const statusOf = async (id: string) => (await all.as("system").get(`/Subscription/${id}`)).body;
  const subscribed = async (as: string, criteria: string, channel: object = { type: "rest-hook", endpoint: endpoint.url }) => {
    const { body } = await all.as(as).create({ resourceType: "Subscription", status: "requested", reason: "x", criteria, channel });
    await eventually(
      () => statusOf(body.id),
      ({ status }) => status === "active",
    );
    return body.id as string;
  };
  const newPatient = (family: string) => all.as("front-desk").create({ resourceType: "Patient", name: [{ family }] });

  /** Somebody subscribes and is told; then this happens to them. @returns the Subscription as it is when it has ended */
  const endedBy = async (name: string, end: (app: App) => Promise<unknown>) => {
    const app = await all.app.alsoFor(name, ["system"]);
    await all.signIn(app, name);
    const id = await subscribed(name, `Patient?family=${name}`);
    await newPatient(name);
    await endpoint.until(1);
    await end(app);
    const begun = runningMs();
    await eventually(
      async () => {
        await newPatient(name);
        return statusOf(id);
      },
      ({ status }) => status === "error",
    );
    expect(runningMs() - begun).toBeLessThan(2_000); // a second as promised, and the way of an event
    return statusOf(id);
  };
  const ENDED = { status: "error", error: "Who has subscribed may not search this any more." };

  it("who is sent a patient's data is on record for it, once, however often it is sent, and for a notification without data not", async () => {
    const id = await subscribed("system", "Patient?family=sent", {
      type: "rest-hook",
      endpoint: endpoint.url,
      payload: "application/fhir+json",
    });
    await subscribed("system", "Patient?family=sent");
    endpoint.answers = [503, 503, 503];
    const patient = `Patient/${(await newPatient("Sent")).body.id}`;
    await endpoint.until(5);
    const looks = await eventually(
      async () => (await all.looksAt(patient)).filter(({ role }) => role === "system"),
      (found) => found.length > 0,
    );
    const sent = { isDone: true, patients: [patient], says: "system (system) has read the personal details" };
    expect(looks).toEqual([expect.objectContaining(sent)]);
    const { entity } = (await all.as("auditor").get(`/${looks[0]?.event}`)).body;
    const query = Buffer.from(`PUT ${patient} by Subscription/${id}`).toString("base64");
    expect(entity).toContainEqual(expect.objectContaining({ query }));
    expect(endpoint.received.filter(({ method }) => method === "PUT").length).toBeGreaterThan(0);
  });

  it.each<[string, string, (app: App) => Promise<unknown>]>([
    ["whose account is closed", "closed", (app) => identity.closeUser(operator, { user: app.login })],
    ["who has another role now", "other", (app) => identity.setRoles(operator, { user: app.login, roles: ["auditor"] })],
  ])("%s hears nothing from the next second on, and who writes it anew does", async (_, name, end) => {
    const ended = await endedBy(name, end);
    expect(ended).toMatchObject(ENDED);
    const heard = endpoint.received.length;
    await newPatient(name);
    expect((await all.as("system").send("PUT", `/Subscription/${ended.id}`, { ...ended, status: "requested" })).status).toBe(200);
    await eventually(
      () => statusOf(ended.id),
      ({ status }) => status === "active",
    );
    await newPatient(name);
    await endpoint.until(heard + 1);
    expect(endpoint.received).toHaveLength(heard + 1); // not of what was written between
  });

  it("whose role may no longer read it is notified of nothing from the next second on", async () => {
    const narrowed = async () => {
      const now = (await identity.listRoles(operator, {})).find(({ role }) => role === "system") as RoleNow;
      const { role, version, isAsFiled: _, ...rights } = now;
      await identity.changeRole(operator, { role, version, reason: "less", ...rights, types: { ...rights.types, Patient: "c" } });
    };
    expect(await endedBy("narrowed", narrowed)).toMatchObject(ENDED);
  });

  it.each([
    ["Observation?code=x", 201],
    ["Observation?subject=Patient/1", 201],
    ["Observation?subject:Patient.name=Rossi", 403],
    ["Observation?encounter.subject.identifier=urn:card|1", 403],
    ["Observation?_has:Condition:evidence-detail:code=x", 403],
    ["Observation?_has:DiagnosticReport:result:_has:Provenance:target:agent=Practitioner/1", 403],
    ["Observation?_list=1", 403],
  ])("who may search Observations only may subscribe to %s: %d", async (criteria, status) => {
    const channel = { type: "websocket" };
    const wanted = { resourceType: "Subscription", status: "requested", reason: "x", criteria, channel };
    const created = await all.as("observer").create(wanted);
    expect(created).toMatchObject(status === 201 ? { status } : { status, body: { issue: [{ code: "forbidden" }] } });
    const { id } = (await all.as("observer").create({ ...wanted, criteria: "Observation?code=y" })).body;
    expect((await all.as("observer").send("PUT", `/Subscription/${id}`, { ...wanted, id })).status).toBe(status === 201 ? 200 : 403);
  });
});
