/** The gateway's metrics after a day's work: each tells something, and none of them grows with what clients send. */
import { randomUUID } from "node:crypto";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh({ services: ["api", "transactions", "patients", "records", "journal"], nats: false, split: "broker" });
});
afterAll(() => mesh?.stop());

const metrics = async () => (await fetch(`${mesh.base}/metrics`)).text();
const seriesValue = (text: string, series: string) =>
  Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${series} `))
      ?.split(" ")[1] ?? Number.NaN,
  );

async function work(): Promise<string[]> {
  const fhir = fhirAt(mesh.base);
  const marks = Array.from({ length: 20 }, () => randomUUID());
  for (const mark of marks) {
    await fhir.create({ resourceType: "Patient", name: [{ family: mark }] });
    await fhir.get(`/Patient/${mark}`);
    await fhir.get(`/Patient?name=${mark}`);
    await fhir.get(`/${mark}`);
    await fetch(`${mesh.base}/api/patients/${mark}`, { method: "POST" });
    await fhir.send(mark.slice(0, 8).replace(/\d/g, "X"), `/Patient/${mark}`).catch(() => {});
  }
  return marks;
}

it("contain what was answered and how long it took, and nothing about persons", async () => {
  const marks = await work();
  const text = await metrics();
  expect(seriesValue(text, 'openward_outbox_waiting{service="patients"}')).toBe(0); // nobody asked for its events
  expect(seriesValue(text, 'openward_dead_letters{service="patients"}')).toBe(0);
  expect(seriesValue(text, 'openward_http_answers_total{status="201"}')).toBeGreaterThanOrEqual(20);
  expect(seriesValue(text, 'openward_http_answers_total{status="404"}')).toBeGreaterThanOrEqual(40);
  expect(seriesValue(text, 'openward_action_seconds_count{action="patients.fhir.write"}')).toBeGreaterThanOrEqual(20);
  expect(seriesValue(text, 'openward_store_seconds_count{service="patients",operation="write"}')).toBeGreaterThanOrEqual(20);
  expect(seriesValue(text, 'openward_transactions_in_doubt{service="patients"}')).toBe(0);
  for (const name of ["bytes_in_flight", "requests_in_flight", "commit_queue", "circuits_open", "members_down", "nodes_seen"]) {
    expect([name, seriesValue(text, `openward_${name}`)]).toEqual([name, expect.any(Number)]);
  }
  for (const mark of marks) expect(text).not.toContain(mark);
  const series = (of: string) => of.split("\n").filter((line) => line.startsWith("openward_")).length;
  await work();
  expect(series(await metrics())).toBe(series(text));
});

it("are there from the start with 0: the first failure is a rise, and shows on a dashboard", async () => {
  await work();
  const text = await metrics();
  for (const series of [
    'openward_store_failures_total{service="patients"}',
    'openward_anomalies_total{kind="process-hung"}',
    'openward_anomalies_total{kind="settings-differ"}',
    'openward_retries_total{service="patients"}',
    'openward_hedges_total{service="patients"}',
    'openward_retries_refused_total{service="patients"}',
  ]) {
    expect([series, seriesValue(text, series)]).toEqual([series, 0]);
  }
});

it("are not served through a proxy, and cannot be changed", async () => {
  expect((await fetch(`${mesh.base}/metrics`, { headers: { "X-Forwarded-For": "192.0.2.1" } })).status).toBe(403);
  expect((await fetch(`${mesh.base}/metrics`, { method: "POST" })).status).toBe(405);
});
