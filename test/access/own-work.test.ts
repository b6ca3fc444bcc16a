/** What the mesh does by itself where access is closed: rules, events, transactions and subscriptions have rights of their own, and enough. */
import type { RoleName } from "../../services/identity/identity.contract.ts";
import { App } from "../identity/app.ts";
import { startEndpoint } from "../kit/endpoint.ts";
import { eventually } from "../kit/events.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const SERVICES = [
  "patients",
  "wards",
  "visits",
  "hospitalizations",
  "lab",
  "pharmacy",
  "records",
  "billing",
  "subscriptions",
  "codification",
];
const SCOPE = "openid user/*.cruds actions";
const CONSULTATION = { system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "AMB" };

describe("the system's own work in a closed hospital", () => {
  let mesh: Mesh;
  let system: FhirHttp;
  const tokens = new Map<string, string>();

  const act = async <Result = Record<string, string>>(role: string, action: string, params: object, headers = {}): Promise<Result> => {
    const answer = await fetch(`${mesh.base}/api/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${tokens.get(role)}`, ...headers },
      body: JSON.stringify(params),
    });
    const body = (await answer.json()) as Result;
    if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${JSON.stringify(body)}`);
    return body;
  };

  beforeAll(async () => {
    const env = { ACCESS: "closed", SUBSCRIPTION_NETWORKS: "127.0.0.1" };
    mesh = await startMesh({ services: ["api", "transactions", ...SERVICES, "identity"], nats: false, split: "broker", env });
    const app = await App.register(mesh, ["system"], SCOPE);
    tokens.set("system", (await app.signIn(SCOPE)).access_token);
    for (const role of ["front-desk", "billing", "administrator", "physician"] satisfies RoleName[]) {
      tokens.set(role, (await (await app.alsoFor(role, [role])).signIn(SCOPE)).access_token);
    }
    system = fhirAt(mesh.base, tokens.get("system"));
  });
  afterAll(() => mesh?.stop());

  const register = (value: string) =>
    act("front-desk", "patients/register", {
      family: "Own",
      given: [value],
      birthDate: "1980-01-01",
      gender: "female",
      identifier: { system: "urn:own", value },
    });

  it("checks rules for callers who may not see what the rules read", async () => {
    const { patient } = await register("Work");
    const { visit } = await act("front-desk", "visits/open", { patient });
    // The front desk sees no orders; the rules that keep what orders rest on do.
    const order = await act("physician", "lab/order", { patient, encounter: visit, test: { system: "http://loinc.org", code: "718-7" } });
    expect((await system.send("DELETE", `/${visit}`)).status).toBe(409);
    expect((await system.send("DELETE", `/${patient}`)).status).toBe(409);
    const category = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];
    const result = { resourceType: "Observation", status: "final", category, code: { text: "x" } };
    const elsewhere = { ...result, subject: { reference: "Patient/nobody" } };
    expect((await system.create({ ...elsewhere, basedOn: [{ reference: order.order }] })).status).toBe(409);
  });

  it("moves a resource from one owner to another, and creates one for two equal conditions", async () => {
    const { patient } = await register("Mover");
    const { visit } = await act("front-desk", "visits/open", { patient });
    const ward = await act<{ rooms: { beds: { location: string }[] }[] }>("administrator", "wards/open", {
      name: "Own",
      rooms: [{ name: "room 1", beds: ["A"] }],
    });
    const bed = ward.rooms[0]?.beds[0]?.location;
    await act("physician", "hospitalizations/admit", { patient, bed, visit });
    const encounter = {
      resourceType: "Encounter",
      status: "finished",
      class: { code: "AMB" },
      identifier: [{ system: "urn:own", value: "e" }],
    };
    const answers = await Promise.all([1, 2].map(() => system.create(encounter, { "If-None-Exist": "identifier=urn:own|e" })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 201]);
  });

  it("does once what is sent twice with one key, separately for each caller", async () => {
    const resource = { resourceType: "Patient", name: [{ family: "Key" }] };
    const headers = { "Idempotency-Key": '"one"' };
    const [first, second] = [await system.create(resource, headers), await system.create(resource, headers)];
    expect([first.status, second.status, second.headers.get("location")]).toEqual([201, 201, first.headers.get("location")]);
    const other = await fhirAt(mesh.base, tokens.get("front-desk")).create(resource, headers);
    expect(other.headers.get("location")).not.toBe(first.headers.get("location"));
  });

  it("charges for what was done, by its events", async () => {
    await act("billing", "billing/setPrice", { code: CONSULTATION, cents: 25_00, currency: "EUR" });
    const { patient } = await register("Payer");
    const { visit } = await act("front-desk", "visits/open", { patient });
    await act("front-desk", "visits/close", { visit });
    const desk = fhirAt(mesh.base, tokens.get("billing"));
    const { body } = await eventually(
      () => desk.get(`/ChargeItem?context=${visit}`),
      (found) => found.body.total === 1 || found.body.entry?.length === 1,
    );
    expect(body.entry[0].resource).toMatchObject({ priceOverride: { value: 25, currency: "EUR" } });
  });

  it("notifies the endpoint of a Subscription", async () => {
    const endpoint = await startEndpoint();
    try {
      const subscription = {
        resourceType: "Subscription",
        status: "requested",
        reason: "test",
        criteria: "Patient?family=Told",
        channel: { type: "rest-hook", endpoint: endpoint.url },
      };
      const { body } = await system.create(subscription);
      await eventually(
        () => system.get(`/Subscription/${body.id}`),
        (found) => found.body.status === "active",
      );
      await system.create({ resourceType: "Patient", name: [{ family: "Told" }] });
      await endpoint.until(1);
    } finally {
      await endpoint.close();
    }
  });
});
