/** One address that survives a gateway: the proxy of docker-compose.yml before two of them, while one is killed, or leaves. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Cable, cableTo } from "../kit/cable.ts";
import { type Mesh, type MeshNode, startMesh } from "../kit/mesh.ts";
import { type FrontProxy, proxyAddress, startProxy } from "../kit/proxy.ts";
import { runningMs } from "../kit/running-time.ts";

/** Who has just come is given longer to answer (mesh/liveness.ts): it is no newcomer any more. */
const SETTLED_MS = 8_500;
const JSON_BODY = { "Content-Type": "application/fhir+json" };
const folder = mkdtempSync(join(tmpdir(), "openward-proxy-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Each is asked once only. @param hasKeys creates name their key, and may be sent again */
async function work(
  proxy: FrontProxy,
  { name, hasKeys, isOver }: { name: string; hasKeys: boolean; isOver: () => boolean },
  told: { failed: string[]; made: string[]; asked: number },
): Promise<void> {
  const ask = async (what: string, ...asked: Parameters<FrontProxy["ask"]>) => {
    told.asked += 1;
    const { status, body } = await proxy.ask(...asked).catch((error: Error) => ({ status: 0, body: error.message }));
    if (status < 200 || status >= 300) told.failed.push(`${what}: ${status} ${body.slice(0, 100)}`);
  };
  while (!isOver()) {
    const value = randomUUID();
    const body = JSON.stringify({ resourceType: "Patient", id: name, identifier: [{ system: "urn:test:proxy", value }] });
    await ask("PUT", "PUT", `/fhir/Patient/${name}`, { headers: JSON_BODY, body });
    await ask("GET", "GET", `/fhir/Patient/${name}`);
    const created = JSON.stringify({ resourceType: "Patient", identifier: [{ system: "urn:test:proxy", value: `${value}-made` }] });
    const headers = { ...JSON_BODY, ...(hasKeys && { "Idempotency-Key": `"${value}"` }) };
    await ask("POST", "POST", "/fhir/Patient", { headers, body: created });
    told.made.push(`${value}-made`);
  }
}

describe("two gateways behind one address", () => {
  let mesh: Mesh;
  let proxy: FrontProxy;
  beforeAll(async () => {
    const base = await proxyAddress();
    const env = { BEHIND_PROXY: "1", TRUSTED_PROXIES: "127.0.0.1", PUBLIC_URL: base };
    mesh = await startMesh({ services: ["api", "transactions", "patients"], replicas: { api: 2 }, env });
    proxy = await startProxy(
      base,
      gateways().map(({ url = "" }) => url),
      folder,
    );
  });
  afterAll(async () => {
    await proxy?.stop();
    await mesh?.stop();
  });
  const gateways = () => mesh.nodes.filter(({ url }) => url);
  /** Gone, and back at its address: the next one goes only then. */
  async function again(gateway: MeshNode, end: () => Promise<void>): Promise<void> {
    mesh.nodes.splice(mesh.nodes.indexOf(gateway), 1);
    await end();
    const { url } = await mesh.add("api", { PORT: new URL(gateway.url ?? "").port });
    while ((await fetch(`${url}/health/ready`)).status !== 200) await delay(50); // of another process: there is no event to wait for
  }

  it("are one server to a client: new resources have the proxy's URL, and both gateways answer", async () => {
    const { status, headers } = await proxy.ask("POST", "/fhir/Patient", { headers: JSON_BODY, body: '{"resourceType":"Patient"}' });
    expect([status, headers["location"]]).toEqual([201, expect.stringMatching(new RegExp(`^${proxy.base}/fhir/Patient/`))]);
    await Promise.all(Array.from({ length: 16 }, () => proxy.ask("GET", "/fhir/Patient")));
    for (const { url = "" } of gateways()) {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(metrics).toMatch(/openward_http_answers_total\{[^}]*status="200"[^}]*\} [1-9]/);
    }
  });

  it.each([
    ["nothing that may be sent again, and do nothing twice, when one is killed", true, (gateway: MeshNode) => gateway.kill()],
    ["nothing at all, and do nothing twice, when one leaves in order", false, (gateway: MeshNode) => gateway.stop()],
  ])("fail %s", async (_, hasKeys, end) => {
    const told = { failed: [] as string[], made: [] as string[], asked: 0 };
    let isOver = false;
    const clients = Array.from({ length: 8 }, (__, n) => work(proxy, { name: `proxy-${n}`, hasKeys, isOver: () => isOver }, told));
    for (const gateway of gateways()) await again(gateway, () => end(gateway));
    isOver = true;
    await Promise.all(clients);
    expect(told.failed).toEqual([]);
    expect(told.asked).toBeGreaterThan(100);
    for (const value of told.made.slice(-100)) {
      const { body } = await proxy.ask("GET", `/fhir/Patient?identifier=urn:test:proxy|${value}&_summary=count`);
      expect([value, (JSON.parse(body) as { total: number }).total]).toEqual([value, 1]);
    }
  });
});

describe("a gateway that is cut off from the mesh", () => {
  let mesh: Mesh;
  let proxy: FrontProxy;
  let cable: Cable;
  let cutOff: MeshNode;
  beforeAll(async () => {
    const base = await proxyAddress();
    const env = { BEHIND_PROXY: "1", TRUSTED_PROXIES: "127.0.0.1", PUBLIC_URL: base };
    mesh = await startMesh({ services: ["api", "transactions", "patients"], env });
    const { nats } = mesh;
    if (!nats) throw new Error("The mesh has no NATS of its own.");
    cable = await cableTo(nats.port);
    cutOff = await mesh.add("api", { NATS_URL: nats.url.replace(`:${nats.port}`, `:${cable.port}`) });
    proxy = await startProxy(
      base,
      mesh.nodes.flatMap(({ url }) => url ?? []),
      folder,
    );
  });
  afterAll(async () => {
    await proxy?.stop();
    await mesh?.stop();
    cable?.remove();
  });

  it("is not ready, and fails nothing that may be repeated: the other one answers", async () => {
    const told = { failed: [] as string[], made: [] as string[], asked: 0 };
    let isOver = false;
    const clients = Array.from({ length: 8 }, (_, n) => work(proxy, { name: `cut-${n}`, hasKeys: true, isOver: () => isOver }, told));
    const ready = async () => (await (await fetch(`${cutOff.url}/health/ready`)).json()) as { status: string };
    await delay(SETTLED_MS);
    cable.cut();
    const begun = runningMs();
    // Of another process: there is no event to wait for.
    while ((await ready()).status !== "cut off" && runningMs() - begun < 10_000) await delay(50);
    expect(runningMs() - begun).toBeLessThan(4_000);
    await delay(3_000);
    cable.mend();
    while ((await ready()).status !== "ready") await delay(50);
    isOver = true;
    await Promise.all(clients);
    expect(told.failed).toEqual([]);
    expect(told.asked).toBeGreaterThan(100);
  });
});

/** The code of an OperationOutcome. */
const issueIn = (body: string) => (JSON.parse(body) as { issue: { code: string }[] }).issue[0]?.code;

describe("what the proxy forwards", () => {
  const seen: { headers: IncomingMessage["headers"]; length: number }[] = [];
  const gateway = createServer(async (incoming, answer) => {
    if (incoming.url === "/health/ready") return void answer.end();
    let length = 0;
    for await (const part of incoming) length += (part as Buffer).length;
    seen.push({ headers: incoming.headers, length });
    if (incoming.url?.startsWith("/resets")) incoming.socket.destroy();
    else if (incoming.url === "/events") answer.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: first\n\n");
    else answer.end("x");
  });
  let proxy: FrontProxy;
  beforeAll(async () => {
    gateway.listen(0, "127.0.0.1");
    await once(gateway, "listening");
    proxy = await startProxy(await proxyAddress(), [`http://127.0.0.1:${(gateway.address() as AddressInfo).port}`], folder);
  });
  afterAll(async () => {
    gateway.closeAllConnections();
    await proxy?.stop();
    gateway.close();
  });
  beforeEach(() => void seen.splice(0));

  it("has the client's address by its connection, whatever it claims, and the requested host", async () => {
    const forged = {
      "X-Forwarded-For": "10.0.0.7",
      "X-Forwarded-Host": "evil.example",
      "X-Forwarded-Proto": "http",
      Forwarded: "for=10.0.0.7",
    };
    await proxy.ask("GET", "/fhir/Patient", { headers: forged });
    expect(seen[0]?.headers).toMatchObject({
      host: new URL(proxy.base).host,
      "x-forwarded-for": expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
      "x-forwarded-proto": "https",
      "x-forwarded-host": new URL(proxy.base).host,
    });
    expect(seen[0]?.headers["forwarded"]).toBeUndefined();
  });

  it("includes bundles of many megabytes, and events without delay", async () => {
    const { status } = await proxy.ask("POST", "/fhir", { body: "x".repeat(5_000_000) });
    expect([status, seen[0]?.length]).toEqual([200, 5_000_000]);
    const first = await new Promise((resolve, reject) => {
      proxy.ask("GET", "/events", { onData: resolve }).catch(reject);
    });
    expect(first).toBe("data: first\n\n");
  });

  it("is not repeated unless it may be: a create without a key is sent once, and its client is told", async () => {
    const { status, headers, body } = await proxy.ask("POST", "/resets?name=Rossi", { body: "{}" });
    expect([status, seen.length, headers["content-type"], issueIn(body)]).toEqual([502, 1, "application/fhir+json", "timeout"]);
  });

  it("is refused within seconds while there is no gateway, and has not begun", async () => {
    const nobody = await startProxy(await proxyAddress(), ["http://127.0.0.1:1"], folder);
    try {
      const { status, headers, body } = await nobody.ask("POST", "/fhir/Patient", { body: "{}" });
      expect([status, headers["retry-after"], issueIn(body)]).toEqual([503, "1", "transient"]);
    } finally {
      await nobody.stop();
    }
  });

  it("leaves no patient's name in the proxy's log", async () => {
    await proxy.ask("POST", "/resets?name=Rossi", { body: "{}", headers: { Authorization: "Bearer secret-token" } });
    expect(proxy.log()).toContain("serving initial configuration");
    expect(proxy.log()).not.toMatch(/Rossi|secret-token/);
  });
});
