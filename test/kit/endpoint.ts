/** An endpoint of another system, to which notifications are sent. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { Subscription } from "../../fhir/r4.ts";

/** A received request. */
export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Endpoint {
  url: string;
  /** Without the handshakes. */
  received: Received[];
  handshakes: Received[];
  /** Highest number of concurrent requests. */
  most: number;
  /** Answers to the next requests; 200 if empty. */
  answers: (number | [status: number, headers: Record<string, string>])[];
  /** Resolves when this many have been received. */
  until(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startEndpoint(): Promise<Endpoint> {
  let running = 0;
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    running += 1;
    endpoint.most = Math.max(endpoint.most, running);
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const { method = "", url: path = "", headers } = request;
    const isHandshake = headers["x-subscription-handshake"] !== undefined;
    (isHandshake ? endpoint.handshakes : endpoint.received).push({ method, path, headers, body });
    const answer = endpoint.answers.shift() ?? 200;
    const [status, more] = typeof answer === "number" ? [answer, {}] : answer;
    if (endpoint.received.length > 32) await new Promise(setImmediate); // leaves time for too many at once
    running -= 1;
    response.writeHead(status, more).end();
    for (const look of waiting) look();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint: Endpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    handshakes: [],
    answers: [],
    most: 0,
    until: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (endpoint.received.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return endpoint;
}

/** A Subscription to what `criteria` match, with notifications to another system. */
export const subscription = (criteria: string, channel: Partial<Subscription["channel"]> = {}): Subscription => ({
  resourceType: "Subscription",
  status: "requested",
  reason: "test",
  criteria,
  channel: { type: "rest-hook", endpoint: "https://other.example/hook", ...channel },
});
