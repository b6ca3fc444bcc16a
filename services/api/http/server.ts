/** The gateway's HTTP server: how it begins and ends to listen, and what it does with what is no HTTP. */
import { createServer, type Server, type ServerOptions, STATUS_CODES } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import { outcome } from "../../../fhir/outcome.ts";
import type { Config } from "../../../mesh/config.ts";
import { exposureOf } from "../../../mesh/exposure.ts";
import { httpError } from "./http-error.ts";
import type { Connections } from "./connections.ts";
import { CONTENT_POLICY, TRANSPORT_SECURITY, VARY } from "./headers.ts";
import { isForWebSocket } from "./websockets.ts";
import { certificate, followCertificate } from "./tls.ts";

/** Request line and headers together. */
const MAX_HEADER_BYTES = 65_536;

/** Requests in flight at a stop get this long to finish. Milliseconds. */
const DRAIN_MS = 10_000;

/** Headers must arrive within this, also the first ones of a connection; a TLS handshake likewise. Milliseconds. */
const HEADERS_MS = 10_000;
/** The same of a whole request. Milliseconds. */
const REQUEST_MS = 300_000;
/** How often the two are looked at. Milliseconds. */
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
  requireHostHeader: false, // http/own-name.ts does, and says so
  shouldUpgradeCallback: isForWebSocket, // another `Upgrade` (h2c, which some clients offer) is not taken up
};

/** With TLS where the settings name a certificate. @throws what says which file cannot be used */
export function createGateway(config: Config, warn: (message: string) => void): Server {
  if (!config.tlsCert) return createServer(OPTIONS);
  const server = createTlsServer({ ...OPTIONS, ...certificate(config), handshakeTimeout: HEADERS_MS });
  const stop = followCertificate(server, config, warn);
  server.once("close", stop);
  server.on("tlsClientError", (_, socket) => socket.destroy());
  return server;
}

/** @throws the system's error (EADDRINUSE, EACCES, …), or why other machines must not reach what is not encrypted */
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

/** Takes no new connection, lets what runs finish, then closes. */
export async function shut(server: Server, connections: Pick<Connections, "closeUnused">): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const closeIdle = () => {
    server.closeIdleConnections();
    connections.closeUnused();
  };
  closeIdle();
  const idle = setInterval(closeIdle, 50); // keep-alive connections fall idle one by one
  const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(force);
}

/** A request may name the whole address, `GET http://host/fhir/Patient` (RFC 9112, 3.2.2): what is behind the host. */
export function originForm(url: string): string {
  if (url === "*") return "/*"; // of the server as a whole: there is nothing there
  const origin = /^https?:\/\/[^/?]*/i.exec(url)?.[0];
  if (origin === undefined) return url;
  const rest = url.slice(origin.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Why the parser gives up, by Node's code; anything else is 400. */
const MALFORMED: Record<string, [status: number, code: string, diagnostics: string]> = {
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "too-long", "The chunks of the body have too many extensions."],
  HPE_HEADER_OVERFLOW: [431, "too-long", `The URL and the headers are longer than ${MAX_HEADER_BYTES / 1024} kB: search by POST.`],
  HPE_INVALID_URL: [
    400,
    "invalid",
    "The URL has characters that must be percent-encoded, as their bytes in UTF-8: Ä is %C3%84, a space %20.",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "timeout", "The request did not arrive in time."],
};

/** Answers what never becomes a request, where Node would send a status and nothing else. */
export function refuseMalformed({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  // What Node hangs on a socket while it answers: behind a part of an answer, another would be read as the rest of it.
  const { _httpMessage: answering } = socket as Duplex & { _httpMessage?: { headersSent: boolean } | null };
  if (code === "ECONNRESET" || !socket.writable || answering?.headersSent) return void socket.destroy();
  const [status, issue, diagnostics] = MALFORMED[code ?? ""] ?? [400, "structure", "This is no well-formed HTTP request."];
  const body = JSON.stringify(outcome({ severity: "error", code: issue, diagnostics }));
  const security = (socket as Duplex & { encrypted?: boolean }).encrypted ? `Strict-Transport-Security: ${TRANSPORT_SECURITY}\r\n` : "";
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/fhir+json; charset=utf-8\r\n` +
      `${security}Cache-Control: no-store\r\nVary: ${VARY}\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n` +
      `Cross-Origin-Resource-Policy: same-origin\r\nContent-Security-Policy: ${CONTENT_POLICY}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
