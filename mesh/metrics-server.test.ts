import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { freePort } from "../scripts/servers.mjs";
import { readConfig } from "./config.ts";
import { refusedPackets, registry } from "./metrics.ts";
import { mayReadMetrics, metricsText, ServeMetrics } from "./metrics-server.ts";

const from = (remoteAddress: string, headers = {}) => ({ socket: { remoteAddress }, headers }) as never;

describe("the metrics of a process", () => {
  it("are served on their own port to this machine, until the process ends", async () => {
    const port = await freePort();
    const broker = new ServiceBroker(brokerOptions(readConfig({ ACCESS: "open", LOG_LEVEL: "fatal", METRICS_PORT: `${port}` })));
    await broker.start();
    const url = `http://127.0.0.1:${port}`;
    const answer = await fetch(`${url}/metrics`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(/^openward_nodes_seen 1$/m);
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { headers: { "X-Forwarded-For": "127.0.0.1" } })).status).toBe(403);
    await broker.stop();
    await expect(fetch(`${url}/metrics`)).rejects.toThrow();
  });

  it("are rendered once for all who ask at the same moment, and anew for who asks later", async () => {
    const [first, second] = await Promise.all([metricsText(), metricsText()]);
    expect(second).toBe(first);
    refusedPackets.labels("a test").inc();
    const later = await metricsText();
    expect([first.text, later.text].map((text) => text.includes('reason="a test"'))).toEqual([false, true]);
  });

  it("log that their port is in use", async () => {
    const port = await freePort();
    const other = createServer().listen(port);
    await once(other, "listening");
    const served = ServeMetrics({ metricsPort: port, metricsFrom: readConfig({ METRICS_FROM: "10.1.0.0/16" }).metricsFrom });
    const { started, stopped } = served as unknown as Record<"started" | "stopped", (of: object) => void>;
    const warning = new Promise((warn) => started({ logger: { warn } }));
    expect(await warning).toContain(`port ${port}`);
    stopped({});
    other.close();
  });

  it("are served to this machine and to named addresses", () => {
    const { metricsFrom } = readConfig({ METRICS_FROM: "10.1.0.0/16, fd00::/8" });
    expect(["127.0.0.1", "::1", "::ffff:127.0.0.1"].map((address) => mayReadMetrics(from(address), undefined))).toEqual([true, true, true]);
    expect(["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"].map((address) => mayReadMetrics(from(address), metricsFrom))).toEqual([
      true,
      true,
      true,
    ]);
    expect(["10.2.0.1", "192.0.2.1", "2001:db8::1", ""].map((address) => mayReadMetrics(from(address), metricsFrom))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(mayReadMetrics(from("10.1.2.3"), undefined)).toBe(false);
    // By way of a proxy nobody knows who asks.
    expect(mayReadMetrics(from("127.0.0.1", { forwarded: "for=10.1.2.3" }), metricsFrom)).toBe(false);
  });
});

describe("the Grafana dashboard", () => {
  it("uses metrics and labels that exist", () => {
    const text = readFileSync(join(import.meta.dirname, "../deploy/grafana-dashboard.json"), "utf8");
    const { panels } = JSON.parse(text) as { panels: { targets: { expr: string }[] }[] };
    const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const known = registry.getMetricsAsArray() as unknown as { name: string; labelNames: string[] }[];
    const named = expressions.flatMap((expr) => expr.match(/\b(?:openward|nodejs|process)_[a-z0-9_]+/g) ?? []);
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => !known.some((one) => one.name === name.replace(/_bucket$/, "")))).toEqual([]);
    for (const own of known.filter(({ name }) => name.startsWith("openward_"))) {
      expect(
        own.labelNames.filter((label) => !["action", "code", "door", "kind", "operation", "reason", "service", "status"].includes(label)),
      ).toEqual([]);
      expect(named.map((name) => name.replace(/_bucket$/, ""))).toContain(own.name); // each is on a panel
    }
  });
  it("counts once what the replicas of a service share", () => {
    const text = readFileSync(join(import.meta.dirname, "../deploy/grafana-dashboard.json"), "utf8");
    expect(text).toContain("max by (service) (openward_outbox_waiting)");
    expect(text).not.toMatch(/sum by [^"]*openward_outbox/);
  });
});
