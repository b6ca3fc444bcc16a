/** The answer of a handler, and how it is sent: with its length, compressed if that is worth it, as fast as the reader takes it. */
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
  /** Sent as it is, instead of `body`. */
  bytes?: Buffer;
  /** It is a searchset without a match, and without a next page. */
  isEmptyPage?: true;
  /** When the resource was written, milliseconds since 1970: for an entry of a bundle, as Last-Modified has whole seconds. */
  updated?: number;
}

/** Smaller bodies are not compressed, as it would not be worth the time. Bytes. */
export const COMPRESS_FROM = 4_096;
const compress = promisify(gzip);

/** Larger answers are sent in pieces, which shows whether the reader takes them. Bytes. */
const PIECE = 256 * 1024;
/** Shorter texts need no buffer: Node writes them together with the headers. Characters. */
const SHORT = 16_384;

/**
 * Sends the answer; for HEAD the same headers without the body.
 * @throws 503 if there is no room for it, unless the request has changed something; nothing is sent then
 */
export async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  // The client has left, or was answered because of a timeout.
  if (response.headersSent || response.destroyed) return;
  const exchange = exchangeOf(request);
  const { status, headers = {} } = answer;
  let content = contentOf(answer);
  let length = content === undefined ? 0 : Buffer.byteLength(content);
  exchange?.send(length, status >= 400 || changes(request));
  const isPacked = content !== undefined && length >= COMPRESS_FROM && headers["Content-Encoding"] === undefined && acceptsGzip(request);
  if (isPacked) {
    content = await compress(content as Buffer | string, { level: 1 });
    length = content.length;
    exchange?.hold(length - exchange.held, true);
    if (response.destroyed) return;
  }
  response.statusCode = status;
  // The rest of the body would be parsed as the next request.
  if (!request.complete && hasBody(request)) {
    response.setHeader("Connection", "close");
    if (!exchange?.isGivenUp) linger(request);
  }
  for (const name in headers) response.setHeader(name, headers[name] as string);
  if (answer.cookies) response.setHeader("Set-Cookie", answer.cookies);
  setContentHeaders(response, headers);
  if (isPacked) response.setHeader("Content-Encoding", "gzip");
  if (content === undefined) {
    if (status !== 204 && status !== 304) response.setHeader("Content-Length", "0");
    response.end();
    return;
  }
  response.setHeader("Content-Length", length);
  if (request.method === "HEAD") response.end();
  else if (typeof content === "string" || length <= PIECE) response.end(content);
  else sendPieces(response, content, exchange);
}

/** For how long the rest of a body is still received after an early answer. Milliseconds. */
const LINGER_MS = 2_000;

/** Closing a connection while the client still sends resets it, and the client may lose the answer (RFC 9112, 9.6). */
function linger({ socket }: IncomingMessage): void {
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once("close", () => clearTimeout(timer));
  };
}

const contentOf = ({ body, bytes }: Answer): Buffer | string | undefined =>
  bytes ?? (body === undefined || body.length < SHORT ? body : Buffer.from(body));

/** Sends each piece once the system has taken the previous one. */
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

/** Whether the request may have changed something, so that its answer must be sent. Not for a search by POST. */
const changes = ({ method = "GET", url = "" }: IncomingMessage): boolean =>
  !SAFE.has(method) && !(method === "POST" && /\/_search(?:\?|$)/.test(url));

/** Whether the client accepts gzip. */
export const acceptsGzip = (request: IncomingMessage): boolean =>
  /\bgzip\b(?!;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(request.headers["accept-encoding"]?.toString() ?? "");
