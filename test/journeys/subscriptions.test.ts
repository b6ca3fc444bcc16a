/** Another system is told of what happens in a mesh of processes, also when one of those that tell it is killed. */
import { type Endpoint, startEndpoint } from "../kit/endpoint.ts";
import { eventually } from "../kit/events.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

describe("a subscription in a mesh of processes", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  let endpoint: Endpoint;
  beforeAll(async () => {
    endpoint = await startEndpoint();
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "subscriptions"],
      replicas: { patients: 2, subscriptions: 2 },
      env: { SUBSCRIPTION_NETWORKS: "127.0.0.1" },
    });
    fhir = fhirAt(mesh.base);
  });
  afterAll(async () => {
    await mesh?.stop();
    await endpoint.close();
  });

  it("notifies of each version once it is active, in the order of each resource, even if a notifying process is killed", async () => {
    const { body } = await fhir.send("POST", "/Subscription", {
      resourceType: "Subscription",
      status: "requested",
      reason: "test",
      criteria: "Patient?family=rossi",
      channel: { type: "rest-hook", endpoint: endpoint.url, payload: "application/fhir+json" },
    });
    await eventually(
      () => fhir.get(`/Subscription/${body.id}`),
      (answer) => answer.body.status === "active",
    );
    const write = (id: string, count: number) =>
      fhir.send("PUT", `/Patient/${id}`, { resourceType: "Patient", id, name: [{ family: "Rossi", given: [`${count}`] }] });
    const ids = Array.from({ length: 5 }, (_, index) => `p${index}`);
    for (const count of [1, 2]) await Promise.all(ids.map((id) => write(id, count)));
    await mesh.kill("subscriptions");
    for (const count of [3, 4]) await Promise.all(ids.map((id) => write(id, count)));

    const wanted = ids.flatMap((id) => [1, 2, 3, 4].map((version) => `Patient/${id}/${version}`)).sort();
    const told = () => [...new Set(endpoint.received.map(({ headers }) => String(headers["x-event-id"])))];
    await eventually(
      async () => told().length,
      (count) => count >= wanted.length,
    );
    expect(told().sort()).toEqual(wanted);
    for (const id of ids) {
      const versions = told().filter((event) => event.startsWith(`Patient/${id}/`));
      expect(versions).toEqual([...versions].sort());
    }
    expect(JSON.parse(endpoint.received.at(-1)?.body ?? "")).toMatchObject({ name: [{ family: "Rossi" }] });
  });
});
