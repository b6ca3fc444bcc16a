/** The pieces of a mesh together, as processes over a real NATS. */
import { type Mesh, startMesh } from "./kit/mesh.ts";

let mesh: Mesh;

afterEach(() => mesh?.stop());

const patient = { resourceType: "Patient", name: [{ family: "Rossi", given: ["Ada"] }] };
const post = (type: string, resource: object) =>
  fetch(`${mesh.base}/fhir/${type}`, {
    method: "POST",
    headers: { "Content-Type": "application/fhir+json" },
    body: JSON.stringify(resource),
  });

describe("a mesh of processes", () => {
  it("keeps what one of two replicas wrote before it was killed, and continues with the other", async () => {
    mesh = await startMesh({ services: ["api", "patients", "visits"], replicas: { patients: 2 } });
    const created = await post("Patient", patient);
    expect(created.status).toBe(201);
    const { id } = (await created.json()) as { id: string };
    await mesh.kill("patients");
    const read = await Promise.all(Array.from({ length: 20 }, () => fetch(`${mesh.base}/fhir/Patient/${id}`)));
    expect(read.map((response) => response.status)).toEqual(Array.from({ length: 20 }, () => 200));
  });

  it("reports what is down, serves the rest, and serves everything again when another node joins", async () => {
    mesh = await startMesh({ services: ["api", "patients", "visits"] });
    await mesh.kill("visits");
    expect((await fetch(`${mesh.base}/fhir/Appointment/1`)).status).toBe(503);
    expect((await post("Patient", patient)).status).toBe(201);
    await mesh.add("visits");
    expect((await fetch(`${mesh.base}/fhir/Appointment/1`)).status).toBe(404);
  });
});

describe("a mesh in this process", () => {
  it("needs no NATS", async () => {
    mesh = await startMesh({ services: ["api", "patients"], nats: false, split: "broker" });
    expect((await post("Patient", patient)).status).toBe(201);
  });
});
