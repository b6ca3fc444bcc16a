/** The gateway's HTTP server: how it begins and ends to listen, and what it does with what is no HTTP. */
import { type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { outcome } from "../../../fhir/outcome.ts";
import type { Config } from "../../../mesh/config.ts";

/** Request line and headers together. */
export const MAX_HEADER_BYTES = 65_536;

/** Requests in flight at a stop get this long to finish. Milliseconds. */
const DRAIN_MS = 10_000;

/** @throws the system's error (EADDRINUSE, EACCES, …) */
export async function listen(server: Server, { port, host }: Config): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Takes no new connection, lets what runs finish, then closes. */
export async function shut(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const idle = setInterval(() => server.closeIdleConnections(), 50); // keep-alive connections fall idle one by one
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
  HPE_HEADER_OVERFLOW: [431, "too-long", `The URL and the headers are longer than ${MAX_HEADER_BYTES / 1024} kB: search by POST.`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "timeout", "The request did not arrive in time."],
};

/** Answers what never becomes a request, where Node would send a status and nothing else. */
export function refuseMalformed({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  if (code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const [status, issue, diagnostics] = MALFORMED[code ?? ""] ?? [400, "structure", "This is no well-formed HTTP request."];
  const body = JSON.stringify(outcome({ severity: "error", code: issue, diagnostics }));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/fhir+json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
