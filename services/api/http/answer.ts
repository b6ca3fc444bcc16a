/** What a handler answers, and how it is sent: with length, compressed when that pays, as fast as its reader takes it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { hasBody } from "./body.ts";
import { setContentHeaders } from "./headers.ts";
import type { Exchange } from "./http-exchange.ts";
import { exchangeOf } from "./received.ts";

/** An answer before it is sent. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** Values of Set-Cookie. */
  cookies?: string[];
  /** Sent as UTF-8. */
  body?: string;
  /** Sent as it is, in place of a body. */
  bytes?: Buffer;
  /** When the resource was written, milliseconds since 1970: for an entry of a bundle, as Last-Modified has whole seconds. */
  updated?: number;
}

/** Below this the compressed body would save nothing worth the time. Bytes. */
const COMPRESS_FROM = 4_096;
const compress = promisify(gzip);

/** A larger answer goes out in pieces, so that it is seen whether its reader takes them. Bytes. */
const PIECE = 256 * 1024;

/**
 * Sends the answer; for HEAD the same headers without the body.
 * @throws 503 where there is no room for it, unless the request has changed something; nothing is sent then
 */
export async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  // The client went away, or a timeout has answered already.
  if (response.headersSent || response.destroyed) return;
  const exchange = exchangeOf(request);
  const { status, headers = {} } = answer;
  let bytes = contentOf(answer);
  exchange?.send(bytes?.length ?? 0, status >= 400 || changes(request));
  const isPacked =
    bytes !== undefined && bytes.length >= COMPRESS_FROM && headers["Content-Encoding"] === undefined && acceptsGzip(request);
  if (isPacked) {
    bytes = await compress(bytes as Buffer, { level: 1 });
    exchange?.hold(bytes.length - exchange.held, true);
    if (response.destroyed) return;
  }
  response.statusCode = status;
  // What is still to come of its body would be taken for the next request.
  if (!request.complete && hasBody(request)) {
    response.setHeader("Connection", "close");
    if (!exchange?.isGivenUp) linger(request);
  }
  for (const name in headers) response.setHeader(name, headers[name] as string);
  if (answer.cookies) response.setHeader("Set-Cookie", answer.cookies);
  setContentHeaders(response, headers);
  if (isPacked) response.setHeader("Content-Encoding", "gzip");
  if (bytes === undefined) {
    if (status !== 204 && status !== 304) response.setHeader("Content-Length", "0");
    response.end();
    return;
  }
  response.setHeader("Content-Length", bytes.length);
  if (request.method === "HEAD" || bytes.length <= PIECE) response.end(request.method === "HEAD" ? undefined : bytes);
  else sendPieces(response, bytes, exchange);
}

/** After an answer that came before the end of a body, so much longer is taken what the client still sends. Milliseconds. */
const LINGER_MS = 2_000;

/** A connection that is closed while its client still sends is reset, and the client may lose the answer (RFC 9112, 9.6). */
function linger({ socket }: IncomingMessage): void {
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once("close", () => clearTimeout(timer));
  };
}

const contentOf = ({ body, bytes }: Answer): Buffer | undefined => bytes ?? (body === undefined ? undefined : Buffer.from(body));

/** Each piece when the system has taken the one before. */
function sendPieces(response: ServerResponse, bytes: Buffer, exchange: Exchange | undefined): void {
  let sent = 0;
  const next = () => {
    if (response.destroyed) return;
    const piece = bytes.subarray(sent, sent + PIECE);
    sent += piece.length;
    if (sent === bytes.length) return void response.end(piece);
    response.write(piece, (error) => {
      if (error) return;
      exchange?.progress(piece.length);
      next();
    });
  };
  next();
}

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** Whether the request may have changed something: then its answer must be given. A search by POST has not. */
const changes = ({ method = "GET", url = "" }: IncomingMessage): boolean =>
  !SAFE.has(method) && !(method === "POST" && /\/_search(?:\?|$)/.test(url));

const acceptsGzip = (request: IncomingMessage): boolean =>
  /\bgzip\b(?!;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(request.headers["accept-encoding"]?.toString() ?? "");
