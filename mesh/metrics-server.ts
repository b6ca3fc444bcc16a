/** Serves the metrics to permitted clients, on METRICS_PORT, for processes without a gateway. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type BlockList, isIP } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import type { Config } from "./config.ts";
import { isLoopback } from "./exposure.ts";
import { registry } from "./metrics.ts";
import { middleware } from "./moleculer.ts";

/** Interval of attempts to listen, milliseconds: the predecessor of a replaced process still has its port. */
const LISTEN_AGAIN_MS = 1_000;

/** Whether a request may read the metrics: from an address in METRICS_FROM, by default this machine, and not through a proxy. */
export function mayReadMetrics({ socket, headers }: Pick<IncomingMessage, "socket" | "headers">, allowed: BlockList | undefined): boolean {
  if (headers["x-forwarded-for"] !== undefined || headers.forwarded !== undefined) return false;
  const peer = socket.remoteAddress ?? "";
  const address = peer.startsWith("::ffff:") && peer.includes(".") ? peer.slice(7) : peer;
  const family = isIP(address);
  return isLoopback(address) || (family !== 0 && allowed?.check(address, family === 4 ? "ipv4" : "ipv6") === true);
}

/** All metrics in Prometheus's format. */
export interface MetricsText {
  type: string;
  text: string;
}

let rendering: Promise<MetricsText> | undefined;

/** All metrics of now: one object for all who ask within one turn of the event loop, as rendering takes a millisecond. */
export function metricsText(): Promise<MetricsText> {
  rendering ??= new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
    rendering = undefined;
    return { type: registry.contentType, text: await registry.metrics() };
  });
  return rendering;
}

/** Moleculer's middleware that serves the metrics while the broker runs; nothing without METRICS_PORT. */
export const ServeMetrics = ({ metricsPort, metricsFrom }: Pick<Config, "metricsPort" | "metricsFrom">) => {
  let server: Server | undefined;
  return middleware({
    name: "ServeMetrics",
    started(broker: ServiceBroker) {
      if (metricsPort === undefined) return;
      server = createServer((request, response) => {
        if (!mayReadMetrics(request, metricsFrom)) return void response.writeHead(403).end();
        if (request.method !== "GET" || request.url !== "/metrics") return void response.writeHead(404).end();
        metricsText().then(
          ({ type, text }) => response.writeHead(200, { "Content-Type": type }).end(text),
          () => response.writeHead(500).end(),
        );
      });
      server.maxConnections = 16; // a scraper needs one
      // With METRICS_FROM it listens on all addresses of the machine, otherwise on the loopback address.
      const listening = { port: metricsPort, ...(!metricsFrom && { host: "127.0.0.1" }), exclusive: true };
      let hasWarned = false;
      server.on("error", async (error) => {
        if (!hasWarned) broker.logger.warn(`Metrics are not available on port ${metricsPort} yet; trying again: ${error.message}`);
        hasWarned = true;
        await delay(LISTEN_AGAIN_MS, undefined, { ref: false });
        server?.listen(listening).unref();
      });
      server.listen(listening).unref();
    },
    stopped() {
      const ended = server;
      server = undefined;
      ended?.close();
      ended?.closeAllConnections();
    },
  });
};
