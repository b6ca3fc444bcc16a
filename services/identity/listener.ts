/** The HTTP server of a node of `identity`. Gateways forward `/auth/*` to it; it should not be reachable otherwise. */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";

/** Limit of a body; the largest is a form with a client's assertion. Bytes. */
const MAX_BODY_BYTES = 65_536;
/** Time limit of receiving a request, milliseconds: gateways have it completely before they forward it. */
const REQUEST_MS = 10_000;
/** Limit of connections: each gateway keeps some. */
const MAX_CONNECTIONS = 1_024;
/** How long requests in progress may take to finish when the server stops, milliseconds. */
const DRAIN_MS = 5_000;

/** Handles a request whose body has been read. */
export type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => Promise<void> | void;

/** Where a listener listens; `tlsFile`: its key and certificate, PEM. */
export interface ListenerPlace {
  host: string;
  port: number;
  tlsFile?: string | undefined;
}

/** @param failed called for errors that are not a client's @throws the system's error (EADDRINUSE, …) */
export async function startListener(at: ListenerPlace, handle: Handler, failed: (error: Error) => void): Promise<Server> {
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    received(request)
      .then(async (body) => {
        if (!body) return refuse(response, 413);
        if (!(await isAwaited(request))) return undefined;
        return handle(request, response, body);
      })
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
    // Processes of `npm run cluster` would otherwise share one free port, and a gateway could not choose among them.
    server.listen({ port: at.port, host: at.host, exclusive: at.port === 0 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return server;
}

/** Addresses that stand for all of a machine's. */
const WILDCARDS = new Set(["0.0.0.0", "::"]);

/** The URL at which gateways reach it: for a listener on all addresses, the machine's first one. */
export function addressOf(server: Server, { host, tlsFile }: Pick<ListenerPlace, "host" | "tlsFile">): string {
  const { port } = server.address() as AddressInfo;
  const found = WILDCARDS.has(host) ? (firstAddress() ?? "127.0.0.1") : host;
  return `http${tlsFile === undefined ? "" : "s"}://${found.includes(":") ? `[${found}]` : found}:${port}`;
}

/** An address that other machines may reach; IPv4 if there is one. */
function firstAddress(): string | undefined {
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  return (outside.find(({ family }) => family === "IPv4") ?? outside[0])?.address;
}

/** Stops the server; requests in progress finish first. */
export async function stopListener(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  const idle = setInterval(() => server.closeIdleConnections(), 50); // connections that gateways keep open become idle one by one
  await closed;
  clearTimeout(force);
  clearInterval(idle);
}

/**
 * Whether the gateway still waits for the answer. A process that was stopped for some time (SIGSTOP, a machine that was paused) finds requests whose
 * gateways have given up, and whose apps have repeated them at another node: done here as well, a refresh token would count as used twice. The
 * event loop finds a closed connection one turn after what was sent before.
 */
async function isAwaited({ socket }: IncomingMessage): Promise<boolean> {
  await nextTurn();
  await nextTurn();
  return !socket.readableEnded && !socket.destroyed;
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
