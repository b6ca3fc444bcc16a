/** A closed mesh over NATS, its services in processes of their own, and somebody who has NATS's password and nothing else. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import { asSystem } from "../../mesh/access/access.ts";
import { readConfig } from "../../mesh/config.ts";
import { brokerOptions } from "../../moleculer.config.ts";
import { identity, type RoleNow } from "../../services/identity/identity.contract.ts";
import { App } from "../identity/app.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const MESH_NAME = `access-${process.pid}`;
const SCOPE = "openid user/*.cruds actions";

describe("a closed mesh", () => {
  let mesh: Mesh;
  let app: App;
  let fhir: FhirHttp;
  const elsewhere = mkdtempSync(join(tmpdir(), "openward-peer-"));

  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "records", "identity"],
      env: { ACCESS: "closed", MESH_NAME },
    });
    app = await App.register(mesh, ["physician"], SCOPE);
    const { access_token } = await app.signIn(SCOPE);
    fhir = fhirAt(mesh.base, access_token);
  }, 60_000);
  afterAll(async () => {
    await mesh?.stop();
    rmSync(elsewhere, { recursive: true });
  }, 60_000);

  const act = async (token: string, action: string, params: object) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
    const answer = await fetch(`${mesh.base}/api/identity/${action}`, { method: "POST", headers, body: JSON.stringify(params) });
    return { status: answer.status, body: (await answer.json()) as object };
  };

  it("carries a person's right through all services: a transaction over two owners, and what is read of it", async () => {
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

  it("answers no peer that has NATS's password and another key, whatever it says of itself", async () => {
    const config = readConfig({
      ACCESS: "closed",
      MESH_NAME,
      NATS_URL: mesh.nats?.url,
      DATA_DIR: elsewhere,
      LOG_LEVEL: "fatal",
      NODE_ID: "peer",
    });
    const peer = new ServiceBroker(brokerOptions(config));
    await peer.start();
    try {
      await peer.waitForServices(["patients", "records", "transactions", "identity"]);
      const names = peer.registry.getActionList({ onlyAvailable: true, skipInternal: true }).map(({ name }) => name);
      const inside = names.filter((name) => name.includes(".fhir."));
      expect(inside.length).toBeGreaterThan(40);
      const forged = asSystem(peer, "operator");
      for (const name of inside) {
        const params = { type: "Patient", id: "1", version: 1, query: { type: "Patient", clauses: [] }, queries: [], steps: [] };
        const calls = [
          peer.call(name, params),
          peer.call(name, params, { meta: { as: { roles: ["system:operator"] } } }),
          forged.call(name, params),
        ];
        for (const answer of await Promise.allSettled(calls)) {
          expect({ name, answer }).toMatchObject({ name, answer: { status: "rejected", reason: { code: 401, type: "SIGN_IN_NEEDED" } } });
        }
      }
    } finally {
      await peer.stop();
    }
  });

  it("holds to a role that an administrator changes within a second, at the gateway and at every owner, also for who is signed in", async () => {
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
    const deadline = Date.now() + 1_000; // as promised
    while ((await asNurse.get("/Condition")).status !== 403) expect(Date.now()).toBeLessThan(deadline);
    // What its owner decides: nothing of the type comes along.
    const found = await asNurse.get("/Patient?_revinclude=Condition:subject");
    expect(found.body.entry.map((it: { resource: { resourceType: string } }) => it.resource.resourceType)).toEqual(["Patient"]);

    const widened = { ...narrowed, version: 1, reason: "all again", types: { ...rights.types, "*": "crus" } };
    expect(await asChief?.("changeRole", widened)).toMatchObject({ status: 200, body: { state: "waiting" } });
    expect(await asChief?.("confirmRole", { role, version: 2 })).toMatchObject({ status: 409 });
    expect((await asNurse.get("/Condition")).status).toBe(403);
    expect(await act(access_token, "confirmRole", { role, version: 2 })).toMatchObject({ status: 403 });
    expect(await asDeputy?.("confirmRole", { role, version: 2 })).toMatchObject({ status: 200, body: { state: "done" } });
    const until = Date.now() + 1_000;
    while ((await asNurse.get("/Condition")).status !== 200) expect(Date.now()).toBeLessThan(until);
  });

  it("ends what an account that is closed may do, at every gateway, also where its token is remembered", async () => {
    expect((await fhir.get("/Patient")).status).toBe(200);
    await identity.closeUser(asSystem(mesh.caller, "operator"), { user: app.login });
    const deadline = Date.now() + 1_000; // as promised
    while ((await fhir.get("/Patient")).status !== 401) expect(Date.now()).toBeLessThan(deadline);
  });
});
