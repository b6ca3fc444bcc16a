/** Probes of a gateway: liveness, readiness, metrics. They are answered even under overload. */
import type { IncomingMessage } from "node:http";
import type { ServiceBroker } from "moleculer";
import type { Directory } from "../../../federation/directory.ts";
import type { Config } from "../../../mesh/config.ts";
import { mayReadMetrics, type MetricsText, metricsText } from "../../../mesh/metrics-server.ts";
import { isCutOff } from "../cut-off.ts";
import type { Answer } from "./answer.ts";
import { pathOnly } from "./failures.ts";
import { KeptContent } from "./kept-content.ts";

/** The state of a gateway that probes report. */
export interface Probed {
  name: string;
  broker: ServiceBroker;
  directory: Directory;
  isReady: boolean;
  isLeaving: boolean;
}

const HEADERS = { "Content-Type": "application/json; charset=utf-8" };

/** The answer to a probe; undefined if the request is not one. */
export function probeOf(gateway: Probed, request: IncomingMessage, config: Config): Promise<Answer> | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return undefined;
  switch (pathOnly(request)) {
    case "/health/live":
      return Promise.resolve({ status: 200, headers: HEADERS, body: '{"status":"live"}' });
    case "/health/ready":
      return Promise.resolve(readiness(gateway));
    case "/metrics":
      return metricsFor(request, config);
  }
  return undefined;
}

/**
 * `missing`: services of the system that are not seen. A gateway that is ready answers 503 for these, and serves the others; one that is cut off
 * from all of them is not ready.
 */
function readiness(gateway: Probed): Answer {
  const { isReady, isLeaving, directory } = gateway;
  const status = isLeaving ? "leaving" : !isReady ? "starting" : isCutOff(gateway) ? "cut off" : "ready";
  const missing = directory.down();
  const body = JSON.stringify({ status, ...(missing.length > 0 && { missing }) });
  return { status: status === "ready" ? 200 : 503, headers: HEADERS, body };
}

async function metricsFor(request: IncomingMessage, { metricsFrom }: Config): Promise<Answer> {
  if (!mayReadMetrics(request, metricsFrom)) return { status: 403 };
  const metrics = await metricsText();
  const content = contents.get(metrics) ?? new KeptContent(metrics.text);
  contents.set(metrics, content);
  return content.answer(request, { "Content-Type": metrics.type });
}

/** Requests that share a rendering also share its bytes. */
const contents = new WeakMap<MetricsText, KeptContent>();
