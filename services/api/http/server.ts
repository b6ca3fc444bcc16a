/** The gateway's HTTP server: how it starts and stops listening, and how it answers what is not valid HTTP. */
import { createServer, type IncomingMessage, type Server, type ServerOptions, STATUS_CODES } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { outcome } from "../../../fhir/outcome.ts";
import type { Config } from "../../../mesh/config.ts";
import { exposureOf } from "../../../mesh/exposure.ts";
import { httpError } from "./http-error.ts";
import type { Connections } from "./connections.ts";
import { CONTENT_POLICY, TRANSPORT_SECURITY, VARY } from "./headers.ts";
import { isForWebSocket } from "./websockets.ts";
import { certificate, followCertificate } from "./tls.ts";

/** Limit of request line and headers together. */
const MAX_HEADER_BYTES = 65_536;

/** How long requests in progress may take to finish when the server stops. Milliseconds. */
const DRAIN_MS = 10_000;

/** Time limit of the headers, also the first ones of a connection, and of a TLS handshake. Milliseconds. */
const HEADERS_MS = 10_000;
/** Time limit of a whole request. Milliseconds. */
const REQUEST_MS = 300_000;
/** Interval at which both are checked. Milliseconds. */
const LOOK_EVERY_MS = 1_000;
/** Keep-alive timeout of a connection without a request, milliseconds. */
const KEEP_ALIVE_MS = 65_000;

/** Connections that wait to be accepted; the system may allow fewer. */
const BACKLOG = 4_096;

const OPTIONS: ServerOptions = {
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: HEADERS_MS,
  requestTimeout: REQUEST_MS,
  connectionsCheckingInterval: LOOK_EVERY_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  requireHostHeader: false, // done by http/own-name.ts, with a better message
  shouldUpgradeCallback: isForWebSocket, // other upgrades (h2c, which some clients offer) are ignored
};

/** The server, with TLS if the settings name a certificate. @throws a message that names the file which cannot be used */
export function createGateway(config: Config, warn: (message: string) => void): Server {
  if (!config.tlsCert) return createServer(OPTIONS);
  const server = createTlsServer({ ...OPTIONS, ...certificate(config), handshakeTimeout: HEADERS_MS });
  const stop = followCertificate(server, config, warn);
  server.once("close", stop);
  server.on("tlsClientError", (_, socket) => socket.destroy());
  return server;
}

/**
 * Decides about each new connection before anything is made for it: a parser, and with TLS a second socket, cost more than to accept and close it.
 * @param admits whether the connection begins; it closes those that do not. Connections that their client has already reset are closed here
 */
export function admitConnections(server: Server, admits: (socket: Socket) => boolean): void {
  const begins = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    if (socket.remoteAddress === undefined) socket.destroy();
    else if (admits(socket)) for (const begin of begins) begin.call(server, socket);
  });
}

/** @throws the system's error (EADDRINUSE, EACCES, …), or why unencrypted access from other machines is refused */
export async function listen(server: Server, config: Config): Promise<void> {
  const { port, host } = config;
  const exposure = exposureOf(config);
  if (exposure) throw httpError(500, "NOT_ENCRYPTED", exposure);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Accepts no further connections, lets requests in progress finish, then closes. */
export async function shut(server: Server, connections: Pick<Connections, "closeUnused">): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const closeIdle = () => {
    server.closeIdleConnections();
    connections.closeUnused();
  };
  closeIdle();
  const idle = setInterval(closeIdle, 50); // keep-alive connections become idle one by one
  const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(force);
}

/**
 * A request may contain the absolute URL, `GET http://host/fhir/Patient` (RFC 9112, 3.2.2): returns what follows the host. For what has no path here
 * (`*`, `ftp://host/`): a path where nothing is.
 */
export function originForm(url: string): string {
  const origin = /^https?:\/\/[^/?]*/i.exec(url)?.[0];
  if (origin === undefined) return url.startsWith("/") ? url : "/*";
  const rest = url.slice(origin.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Answers to the errors of the parser, by Node's code; any other is 400. */
const MALFORMED: Record<string, [status: number, code: string, diagnostics: string]> = {
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "too-long", "The chunks of the body have too many extensions."],
  HPE_HEADER_OVERFLOW: [
    431,
    "too-long",
    `The URL and the headers, or the trailers of the body, are longer than ${MAX_HEADER_BYTES / 1024} kB: search by POST.`,
  ],
  HPE_INVALID_URL: [
    400,
    "invalid",
    "The URL has characters that must be percent-encoded, as their bytes in UTF-8: Ä is %C3%84, a space %20.",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "timeout", "The request did not arrive in time."],
};

/** Answers what never becomes a request; Node would send only a status. */
export function refuseMalformed({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  endWith(
    socket,
    code === "ECONNRESET" ? undefined : (MALFORMED[code ?? ""] ?? [400, "structure", "This is no well-formed HTTP request."]),
  );
}

/** Answers CONNECT, with which a client asks a proxy for a tunnel; Node would close the connection without an answer. */
export function refuseTunnel(_: IncomingMessage, socket: Duplex): void {
  // Node has removed its own listeners: a reset would end the process.
  socket.on("error", () => socket.destroy());
  endWith(
    socket,
    [405, "not-supported", "This is no proxy: CONNECT is not possible here."],
    "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n",
  );
}

/** How long a client may take to close a connection after the last answer, milliseconds: one that never does would keep its half open. */
const CLOSE_MS = 2_000;

/** Ends a connection with an answer, or without one if none is given or possible. @param more header lines */
function endWith(socket: Duplex, answer: [status: number, code: string, diagnostics: string] | undefined, more = ""): void {
  // Set by Node on a socket while it answers: after part of an answer, a second one would be read as the rest of it.
  const { _httpMessage: answering } = socket as Duplex & { _httpMessage?: { headersSent: boolean } | null };
  if (!answer || !socket.writable || answering?.headersSent) return void socket.destroy();
  const [status, issue, diagnostics] = answer;
  const body = JSON.stringify(outcome({ severity: "error", code: issue, diagnostics }));
  const security = (socket as Duplex & { encrypted?: boolean }).encrypted ? `Strict-Transport-Security: ${TRANSPORT_SECURITY}\r\n` : "";
  const late = setTimeout(() => socket.destroy(), CLOSE_MS).unref();
  socket.once("close", () => clearTimeout(late));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${more}Connection: close\r\nContent-Type: application/fhir+json; charset=utf-8\r\n` +
      `${security}Cache-Control: no-store\r\nVary: ${VARY}\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n` +
      `Cross-Origin-Resource-Policy: same-origin\r\nContent-Security-Policy: ${CONTENT_POLICY}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
