/** The HTTP server of a node of `identity`. Gateways pass `/auth/*` on to it; nobody else should reach it. */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";

/** Of a form; the largest is an assertion of a client. Bytes. */
const MAX_BODY_BYTES = 65_536;
/** A request arrives within this, milliseconds: gateways have it whole before they pass it on. */
const REQUEST_MS = 10_000;
/** Connections at once: each gateway keeps some. */
const MAX_CONNECTIONS = 1_024;
/** What runs at a stop has so long to finish, milliseconds. */
const DRAIN_MS = 5_000;

/** Answers a request whose body has been read. */
export type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => Promise<void> | void;

/** Where a listener is; `tlsFile`: its key and certificate, PEM. */
export interface ListenerPlace {
  host: string;
  port: number;
  tlsFile?: string | undefined;
}

/** @param failed told of what no client did wrong @throws the system's error (EADDRINUSE, …) */
export async function startListener(at: ListenerPlace, handle: Handler, failed: (error: Error) => void): Promise<Server> {
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    received(request)
      .then((body) => (body ? handle(request, response, body) : refuse(response, 413)))
      .catch((error: Error) => {
        failed(error);
        if (!response.headersSent) refuse(response, 500);
        else response.destroy();
      });
  };
  const pair = at.tlsFile === undefined ? undefined : readFileSync(at.tlsFile);
  const server = pair ? createTlsServer({ ...limits, key: pair, cert: pair, minVersion: "TLSv1.2" }, answer) : createServer(limits, answer);
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: at.port, host: at.host }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return server;
}

/** Addresses that stand for all of a machine's. */
const WILDCARDS = new Set(["0.0.0.0", "::"]);

/** Where gateways of this machine, or of others, find it: a listener on all addresses is found under the machine's first one. */
export function addressOf(server: Server, { host, tlsFile }: Pick<ListenerPlace, "host" | "tlsFile">): string {
  const { port } = server.address() as AddressInfo;
  const found = WILDCARDS.has(host) ? (firstAddress() ?? "127.0.0.1") : host;
  return `http${tlsFile === undefined ? "" : "s"}://${found.includes(":") ? `[${found}]` : found}:${port}`;
}

/** An address that other machines may reach; IPv4 where there is one. */
function firstAddress(): string | undefined {
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  return (outside.find(({ family }) => family === "IPv4") ?? outside[0])?.address;
}

/** Lets what runs finish. */
export async function stopListener(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  const idle = setInterval(() => server.closeIdleConnections(), 50); // kept open by gateways, they fall idle one by one
  await closed;
  clearTimeout(force);
  clearInterval(idle);
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { "Content-Type": "application/json", Connection: "close" });
  response.end(JSON.stringify({ error: status === 413 ? "invalid_request" : "server_error" }));
}

/** @returns undefined for a body that is too large */
async function received(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes);
}
