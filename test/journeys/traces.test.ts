/** One request through gateway, coordinator, owners and stores is one trace at an OpenTelemetry collector, and in the logs. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const NAME = "Zephyrine";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  node: string;
}

/** What a collector does with spans: here they are kept. */
class Collector {
  readonly spans: Span[] = [];
  text = "";
  #server: Server | undefined;

  async start(): Promise<string> {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        this.text += text;
        for (const { resource, scopeSpans } of JSON.parse(text).resourceSpans) {
          const node = resource.attributes.find(({ key }: { key: string }) => key === "service.instance.id").value.stringValue;
          for (const { spans } of scopeSpans) this.spans.push(...spans.map((span: Span) => ({ ...span, node })));
        }
        response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
      });
    });
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }
}

const collector = new Collector();
let logged = "";
let mesh: Mesh;
beforeAll(async () => {
  const log = (text: string) => {
    logged += text;
  };
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start(), OTEL_TRACES_SAMPLER_ARG: "1", LOG_LEVEL: "info", LOG_FORMAT: "json" };
  mesh = await startMesh({ services: ["api", "transactions", "patients", "records", "visits", "journal"], env, log });
});
afterAll(async () => {
  await mesh?.stop();
  collector.stop();
});

it("shows gateway, services and stores of one request, each under what has called it", async () => {
  const link = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0";
  const patient = { resourceType: "Patient", name: [{ family: NAME }] };
  const condition = { resourceType: "Condition", subject: { reference: link } };
  const entry = [
    { fullUrl: link, resource: patient, request: { method: "POST", url: "Patient" } },
    { resource: condition, request: { method: "POST", url: "Condition" } },
  ];
  const headers = { "Content-Type": "application/fhir+json", traceparent: `00-${TRACE}-${SPAN}-01` };
  const body = JSON.stringify({ resourceType: "Bundle", type: "transaction", entry });
  const answer = await fetch(`${mesh.base}/fhir`, { method: "POST", headers, body });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("traceresponse")).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  expect(answer.headers.get("x-request-id")).toBe(TRACE);
  await fetch(`${mesh.base}/fhir/Patient?name=${NAME}`);
  const unrecorded = { traceparent: `00-${"5".repeat(32)}-${SPAN}-00` };
  expect((await fetch(`${mesh.base}/fhir/Patient?name=${NAME}`, { headers: unrecorded })).headers.get("traceresponse")).toContain(
    "5".repeat(32),
  );
  // Of a service that is down the gateway reports a failure, with the trace.
  await mesh.kill("visits");
  expect((await fetch(`${mesh.base}/fhir/Encounter`, { headers })).status).toBe(503);
  await mesh.nodes.find(({ url }) => url)?.stop(); // what it has to report is reported
  const anomalies = await mesh.call<{ trace?: string }[]>("journal.list", { kind: "failed-request" });
  expect(anomalies).toEqual([expect.objectContaining({ trace: TRACE })]);
  await mesh.stop(); // what waits is sent

  const ours = collector.spans.filter(({ traceId }) => traceId === TRACE);
  const names = ours.map(({ name }) => name);
  for (const name of [
    "POST fhir",
    "transactions.process",
    "patients.fhir.prepare",
    "records.fhir.prepare",
    "records store.commit",
    "transactions store.putAll",
  ]) {
    expect(names).toContain(name);
  }
  const byId = new Map(ours.map((span) => [span.spanId, span]));
  const root = ours.find(({ name }) => name === "POST fhir") as Span;
  expect(root.parentSpanId).toBe(SPAN);
  for (const span of ours.filter((one) => one.parentSpanId !== SPAN)) {
    expect([span.name, byId.has(span.parentSpanId ?? "")]).toEqual([span.name, true]);
  }
  const under = (name: string) => byId.get(ours.find((span) => span.name === name)?.parentSpanId ?? "")?.name;
  expect(["patients store.prepare", "patients.fhir.prepare", "transactions.process"].map(under)).toEqual([
    "patients.fhir.prepare",
    "transactions.process",
    "POST fhir",
  ]);
  expect(new Set(ours.map(({ node }) => node.replace(/-[0-9a-f]+$/, "")))).toEqual(new Set(["api", "transactions", "patients", "records"]));
  expect(collector.text).not.toContain("5".repeat(32)); // its caller does not want it recorded
  // Another request is another trace; neither says whom it is about.
  expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBeGreaterThan(1);
  expect(collector.text).not.toContain(NAME);
  expect(logged).not.toContain(NAME);
});
