/**
 * A closed mesh over NATS, its services in processes of their own, and nodes in wrong hands: with NATS's password and a key that is no key of
 * this mesh, or one of another service. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import { nonNull } from "../../fhir/non-null.ts";
import { asSystem } from "../../mesh/access/access.ts";
import { asGuarded } from "../../mesh/access/guard.ts";
import { refusedPackets } from "../../mesh/metrics.ts";
import { Stamps } from "../../mesh/access/stamps.ts";
import { AnomalyKind } from "../../mesh/anomalies-contract.ts";
import { readConfig } from "../../mesh/config.ts";
import { PacketRefusal } from "../../mesh/trust/gate.ts";
import { brokerOptions } from "../../moleculer.config.ts";
import { identity, type RoleNow } from "../../services/identity/identity.contract.ts";
import { journal } from "../../services/journal/journal.contract.ts";
import { App } from "../identity/app.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { Rogue } from "../kit/rogue.ts";
import { runningMs } from "../kit/running-time.ts";

const MESH_NAME = `access-${process.pid}`;
const SCOPE = "openid user/*.cruds actions";

describe("a mesh with closed access", () => {
  let mesh: Mesh;
  let app: App;
  let fhir: FhirHttp;
  const elsewhere = mkdtempSync(join(tmpdir(), "openward-peer-"));

  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "records", "identity", "journal", "ledger"],
      env: { ACCESS: "closed", MESH_NAME },
    });
    app = await App.register(mesh, ["physician"], SCOPE);
    const { access_token } = await app.signIn(SCOPE);
    fhir = fhirAt(mesh.base, access_token);
  });
  afterAll(async () => {
    await mesh?.stop();
    rmSync(elsewhere, { recursive: true });
  });

  const act = async (token: string, action: string, params: object) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
    const answer = await fetch(`${mesh.base}/api/identity/${action}`, { method: "POST", headers, body: JSON.stringify(params) });
    return { status: answer.status, body: (await answer.json()) as object };
  };

  it("passes a person's rights through all services: a transaction over two owners, and its reading", async () => {
    const entry = (resource: { resourceType: string }, fullUrl?: string) => ({
      ...(fullUrl && { fullUrl }),
      resource,
      request: { method: "POST", url: resource.resourceType },
    });
    const condition = { resourceType: "Condition", subject: { reference: "urn:uuid:8e03978e-40d5-43dd-bc93-6894a57f9324" } };
    const bundle = {
      resourceType: "Bundle",
      type: "transaction",
      entry: [entry({ resourceType: "Patient" }, "urn:uuid:8e03978e-40d5-43dd-bc93-6894a57f9324"), entry(condition)],
    };
    const written = await fhir.send("POST", "", bundle);
    expect(written.status).toBe(200);
    const [patient = ""] = written.body.entry.map((it: { response: { location: string } }) => it.response.location.split("/_history")[0]);
    const place = patient.slice(patient.indexOf("Patient/"));
    expect((await fhir.get(`/Condition?subject=${place}`)).body.entry).toHaveLength(1);
    // Twice: what is remembered of the first answer must not be given to others.
    for (const _ of [1, 2]) expect((await fhir.get(`/${place}/_history/1`)).status).toBe(200);
    expect((await fhirAt(mesh.base).get(`/${place}/_history/1`)).status).toBe(401);
  });

  it("refuses none of its own nodes' messages", async () => {
    // Of this process, which has heard all that was said to all: each reason with 0.
    const { values } = await refusedPackets.get();
    expect(values.map(({ labels }) => labels["reason"]).sort()).toEqual(Object.values(PacketRefusal).sort());
    expect(values.filter(({ value }) => value !== 0)).toEqual([]);
    expect(await journal.list(asSystem(mesh.caller, "operator"), { kind: AnomalyKind.refusedPacket })).toEqual([]);
  });

  it("ignores a node that has NATS's password and a key of another CA, and is not heard by it", async () => {
    const config = readConfig({ ...mesh.settings, DATA_DIR: elsewhere, NODE_ID: "stranger" });
    const stranger = new ServiceBroker(brokerOptions(config));
    stranger.createService({ name: "billing", actions: { charge: asGuarded(() => "charged") } });
    await stranger.start();
    try {
      await expect(stranger.call("patients.fhir.read", { type: "Patient", id: "1" })).rejects.toMatchObject({
        code: 404,
        type: "SERVICE_NOT_FOUND",
      });
      await expect(mesh.call("billing.charge")).rejects.toMatchObject({ code: 404, type: "SERVICE_NOT_FOUND" });
      expect(mesh.caller.registry.nodes.get(stranger.nodeID)).toBeUndefined();
    } finally {
      await stranger.stop();
    }
  });

  describe("with an attacker's node, which has NATS's password and billing's key", () => {
    let rogue: Rogue;
    beforeAll(async () => {
      rogue = await Rogue.join(mesh, "billing");
    });
    afterAll(() => rogue?.leave());
    /** Node of a service, as the caller knows it. */
    const nodeOf = (service: string): string => nonNull(mesh.nodes.find(({ services }) => services.includes(service))).nodeId;
    const isThere = (node: string) => mesh.caller.registry.nodes.get(node)?.available;
    const patients = async () => (await fhir.get("/Patient?_summary=count")).body.total as number;
    /** Resolves when the journal has it. The reports of a process come together, a second later. */
    const alarm = async (subject: string): Promise<void> => {
      const caller = asSystem(mesh.caller, "operator");
      const reported = async () => (await journal.list(caller, { kind: AnomalyKind.refusedPacket })).some((one) => one.subject === subject);
      while (!(await reported())) await mesh.caller.ping(nodeOf("journal"));
    };

    it("lets it serve billing, but nothing for patients or what billing does not own: it answers no read and accepts no write, and an anomaly is in the journal", async () => {
      let taken = 0;
      const take = asGuarded(() => {
        taken += 1;
        return null;
      });
      const names = ["read", "write", "search", "prepare", "versions"];
      const actions = Object.fromEntries(names.map((name) => [`fhir.${name}`, take]));
      const metadata = { fhir: { owns: [{ type: "Patient" }] } };
      const liar = await rogue.node({ name: "patients", actions, metadata });
      await alarm(`not-certified from ${liar.nodeID}`);
      const own = { charge: asGuarded(() => "charged") };
      const greedy = await rogue.node({ name: "billing", actions: { ...actions, ...own }, metadata });
      await alarm(`not-certified from ${greedy.nodeID}`);
      const before = await patients();
      for (let n = 0; n < 20; n += 1) {
        const { status, body } = await fhir.send("POST", "/Patient", { resourceType: "Patient" });
        expect([status, (await fhir.get(`/Patient/${body.id}`)).status]).toEqual([201, 200]);
      }
      expect([taken, await patients()]).toEqual([0, before + 20]);
      await mesh.caller.waitForServices("billing");
      expect(await mesh.call("billing.charge")).toBe("charged");
    });

    it("accepts no stamp of it for a person, nor for work that is not billing's, at any action", async () => {
      const node = await rogue.node();
      await node.waitForServices(["patients", "records", "transactions", "identity"]);
      const inside = node.registry
        .getActionList({ onlyAvailable: true, skipInternal: true })
        .map(({ name }) => name)
        .filter((name) => name.includes(".fhir.") && !name.startsWith("billing."));
      expect(inside.length).toBeGreaterThan(40);
      const before = await patients();
      const physician = new Stamps(rogue.keys).make({ sub: "1", roles: ["physician"] });
      const works = ["operator", "transactions", "api"].map((name) => asSystem(node, name));
      for (const name of inside) {
        const params = { type: "Patient", id: "1", version: 1, query: { type: "Patient", clauses: [] }, queries: [], steps: [] };
        const calls = [
          node.call(name, params),
          node.call(name, params, { meta: { as: { roles: ["system:operator"] } } }),
          node.call(name, params, { meta: { as: physician } }),
          ...works.map((work) => work.call(name, params)),
        ];
        for (const answer of await Promise.allSettled(calls)) {
          expect({ name, answer }).toMatchObject({ name, answer: { status: "rejected", reason: { code: 401, type: "SIGN_IN_NEEDED" } } });
        }
      }
      expect(await patients()).toBe(before);
      const own = asSystem(node, "billing"); // with the right to read Observations, and no Patients
      const { body } = await fhir.send("POST", "/Observation", { resourceType: "Observation", status: "final", code: { text: "weight" } });
      expect(await own.call("records.fhir.read", { type: "Observation", id: body.id })).toMatchObject({ id: body.id });
      const { body: patient } = await fhir.send("POST", "/Patient", { resourceType: "Patient" });
      expect(await own.call("patients.fhir.read", { type: "Patient", id: patient.id })).toBeNull();
    });

    it("does nothing twice if recorded messages are sent again", async () => {
      const from = rogue.passed.length;
      expect((await fhir.send("POST", "/Patient", { resourceType: "Patient" })).status).toBe(201);
      const before = await patients();
      const recorded = rogue.passed.slice(from).filter(({ topic }) => /\.(REQ|RES|INFO)/.test(topic));
      expect(recorded.some(({ topic }) => topic === rogue.topic("REQ", nodeOf("patients")))).toBe(true);
      for (const { topic, data } of recorded) await rogue.publish(topic, data);
      await alarm(`replayed from ${nodeOf("api")}`);
      expect(await patients()).toBe(before);
    });

    it("accepts an answer only from the node that was called", async () => {
      const slow = new ServiceBroker(brokerOptions(readConfig({ ...mesh.settings, NODE_ID: "slow" })));
      let finish = (_: string) => {};
      const finished = new Promise<string>((resolve) => {
        finish = resolve;
      });
      slow.createService({ name: "slow", actions: { wait: asGuarded(() => finished) } });
      await slow.start();
      try {
        await mesh.caller.waitForServices("slow");
        const asked = rogue.next(rogue.topic("REQ", slow.nodeID));
        const answer = mesh.call("slow.wait");
        const { id } = rogue.read(await asked);
        const lie = { id, meta: {}, success: true, data: "a lie" };
        const topic = rogue.topic("RES", mesh.caller.nodeID);
        await rogue.send("RES", mesh.caller.nodeID, lie);
        await rogue.send("RES", mesh.caller.nodeID, { ...lie, sender: slow.nodeID });
        await rogue.publish(topic, rogue.packet({ ...lie, sender: slow.nodeID }));
        finish("the truth");
        expect(await answer).toBe("the truth");
        for (const reason of ["not-asked", "wrong-sender"]) await alarm(`${reason} from ${rogue.own.id}`);
        await alarm("unsealed from an unknown node");
      } finally {
        await slow.stop();
      }
    });

    it("does not take a node for lost because another says so", async () => {
      const node = nodeOf("patients");
      await rogue.send("DISCONNECT", undefined, { sender: node });
      await rogue.publish(rogue.topic("DISCONNECT"), rogue.packet({ sender: node }));
      const { client, server } = { client: { name: node }, server: {} };
      await rogue.publish("mesh.disconnect", Buffer.from(JSON.stringify({ client, server })));
      expect(isThere(node)).toBe(true);
      await rogue.send("HEARTBEAT", undefined, { sender: node, cpu: 100 });
      await rogue.send("INFO", undefined, { sender: node, services: [], instanceID: "1", metadata: {} });
      expect(mesh.caller.registry.nodes.get(node)?.services.length).toBeGreaterThan(0);
      await rogue.send("INFO", undefined, { services: [], instanceID: "1", metadata: {}, config: {}, client: {} });
      expect(isThere(rogue.own.id)).toBe(true); // of itself it may speak
      await rogue.send("DISCONNECT", undefined, {});
      expect(isThere(rogue.own.id)).toBe(false);
    });
  });

  it("applies a role that an administrator changes within a second, at the gateway and at every owner, also for signed-in persons", async () => {
    const nurse = await app.alsoFor("brown", ["nurse"]);
    const { access_token } = await nurse.signIn(SCOPE);
    const asNurse = fhirAt(mesh.base, access_token);
    expect([(await asNurse.get("/Patient")).status, (await asNurse.get("/Condition")).status]).toEqual([200, 200]);
    const chief = await app.alsoFor("chief", ["administrator"]);
    const deputy = await app.alsoFor("deputy", ["administrator"]);
    const [asChief, asDeputy] = await Promise.all([chief.signIn(SCOPE), deputy.signIn(SCOPE)]).then((all) =>
      all.map((it) => (action: string, params: object) => act(it.access_token, action, params)),
    );
    const nurses = (await identity.listRoles(asSystem(mesh.caller, "operator"), {})).find((it) => it.role === "nurse") as RoleNow;
    const { role, version, isAsFiled: _, ...rights } = nurses;
    const narrowed = { role, version, reason: "no diagnoses", ...rights, types: { ...rights.types, Condition: "" } };
    expect(await asChief?.("changeRole", narrowed)).toMatchObject({ status: 200, body: { state: "done" } });
    const deadline = runningMs() + 1_000; // as promised
    while ((await asNurse.get("/Condition")).status !== 403) expect(runningMs()).toBeLessThan(deadline);
    // What its owner decides: nothing of the type comes along.
    const found = await asNurse.get("/Patient?_revinclude=Condition:subject");
    const types = found.body.entry.map((it: { resource: { resourceType: string } }) => it.resource.resourceType);
    expect([...new Set(types)]).toEqual(["Patient"]);

    const widened = { ...narrowed, version: 1, reason: "all again", types: { ...rights.types, "*": "crus" } };
    expect(await asChief?.("changeRole", widened)).toMatchObject({ status: 200, body: { state: "waiting" } });
    expect(await asChief?.("confirmRole", { role, version: 2 })).toMatchObject({ status: 409 });
    expect((await asNurse.get("/Condition")).status).toBe(403);
    expect(await act(access_token, "confirmRole", { role, version: 2 })).toMatchObject({ status: 403 });
    expect(await asDeputy?.("confirmRole", { role, version: 2 })).toMatchObject({ status: 200, body: { state: "done" } });
    const until = runningMs() + 1_000;
    while ((await asNurse.get("/Condition")).status !== 200) expect(runningMs()).toBeLessThan(until);
  });

  it("ends the rights of a closed account at every gateway, even if its token was verified before", async () => {
    expect((await fhir.get("/Patient")).status).toBe(200);
    await identity.closeUser(asSystem(mesh.caller, "operator"), { user: app.login });
    const deadline = runningMs() + 1_000; // as promised
    while ((await fhir.get("/Patient")).status !== 401) expect(runningMs()).toBeLessThan(deadline);
  });
});
