/** The answer of a handler, and how it is sent: with its length, compressed if that is worth it, as fast as the reader takes it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";
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
  /** Sent as it is, instead of `body`; several ones, of a text in UTF-8, one after the other. */
  bytes?: Buffer | Buffer[];
  /** It is a searchset without a match, and without a next page. */
  isEmptyPage?: true;
  /** When the resource was written, milliseconds since 1970: for an entry of a bundle, as Last-Modified has whole seconds. */
  updated?: number;
}

/** Bytes of the answer's content. */
export const sizeOf = ({ body = "", bytes = [] }: Answer): number => lengthOf(body) + lengthOf([bytes].flat());

/** Smaller bodies are not compressed, as it would not be worth the time. Bytes. */
export const COMPRESS_FROM = 4_096;
/** The fastest level: others take longer for little. */
const LEVEL = 1;
const compressAll = promisify(gzip);

/** Larger answers are sent in pieces, which shows whether the reader takes them. Bytes. */
const PIECE = 256 * 1024;
/** Shorter texts need no buffer: Node writes them together with the headers. Characters. */
const SHORT = 16_384;

/** A short text, or buffers that are sent one after the other. */
type Content = string | Buffer[];
type Head = Pick<Answer, "status" | "headers" | "cookies">;

/**
 * Sends the answer; for HEAD the same headers without the body.
 * @throws 503 if there is no room for it, unless the request has changed something; nothing is sent then
 */
export function send(request: IncomingMessage, response: ServerResponse, { status, headers, cookies, body, bytes }: Answer): Promise<void> {
  // Of the text, only its bytes are kept until the reader has taken them.
  const content = bytes ? [bytes].flat() : body === undefined || body.length < SHORT ? body : [Buffer.from(body)];
  return sendContent(request, response, { status, ...(headers && { headers }), ...(cookies && { cookies }) }, content);
}

async function sendContent(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers = {}, cookies }: Head,
  content: Content | undefined,
): Promise<void> {
  // The client has left, or was answered because of a timeout.
  if (response.headersSent || response.destroyed) return;
  const exchange = exchangeOf(request);
  let whole = content;
  let length = lengthOf(whole);
  exchange?.made(length, status >= 400 || changes(request));
  const isPacked = whole !== undefined && length >= COMPRESS_FROM && headers["Content-Encoding"] === undefined && acceptsGzip(request);
  if (isPacked) {
    // Until it is done this is work, which has its place and memory even if the client leaves.
    exchange?.begin();
    whole = await compressed(whole as Content, response).finally(() => exchange?.settle());
    if (response.destroyed) return;
    length = lengthOf(whole);
  }
  exchange?.send(length, true);
  response.statusCode = status;
  // The rest of the body would be parsed as the next request.
  if (!request.complete && hasBody(request)) {
    response.setHeader("Connection", "close");
    if (!exchange?.isGivenUp) linger(request);
  }
  for (const name in headers) response.setHeader(name, headers[name] as string);
  if (cookies) response.setHeader("Set-Cookie", cookies);
  setContentHeaders(response, headers);
  if (isPacked) response.setHeader("Content-Encoding", "gzip");
  if (whole === undefined) {
    if (status !== 204 && status !== 304) response.setHeader("Content-Length", "0");
    response.end();
    return;
  }
  response.setHeader("Content-Length", length);
  if (request.method === "HEAD") response.end();
  else if (typeof whole === "string") response.end(whole);
  else sendPieces(response, whole, exchange);
}

const lengthOf = (content: Content = ""): number =>
  typeof content === "string" ? Buffer.byteLength(content) : content.reduce((sum, { length }) => sum + length, 0);

/** The content compressed; of several buffers one after the other, until the client leaves. */
async function compressed(content: Content, response: ServerResponse): Promise<Buffer[]> {
  if (typeof content === "string") return [await compressAll(content, { level: LEVEL })];
  if (content.length === 1) return [await compressAll(content[0] as Buffer, { level: LEVEL })];
  const packed: Buffer[] = [];
  const left = new AbortController();
  response.once("close", () => left.abort());
  const take = async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) packed.push(piece);
  };
  await pipeline(Readable.from(content), createGzip({ level: LEVEL, chunkSize: PIECE }), take, { signal: left.signal }).catch((error) => {
    if (!left.signal.aborted) throw error;
  });
  return packed;
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

/** Sends each piece once the system has taken the previous one. */
function sendPieces(response: ServerResponse, content: Buffer[], exchange: Exchange | undefined): void {
  const pieces = content.flatMap(piecesOf);
  let index = 0;
  const next = () => {
    if (response.destroyed) return;
    const piece = pieces[index] as Buffer;
    index += 1;
    if (index === pieces.length) return void response.end(piece);
    response.write(piece, (error) => {
      if (error) return;
      exchange?.progress(piece.length);
      next();
    });
  };
  next();
}

const piecesOf = (bytes: Buffer): Buffer[] =>
  Array.from({ length: Math.max(1, Math.ceil(bytes.length / PIECE)) }, (_, index) => bytes.subarray(index * PIECE, (index + 1) * PIECE));

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** Whether the request may have changed something, so that its answer must be sent. Not for a search by POST. */
const changes = ({ method = "GET", url = "" }: IncomingMessage): boolean =>
  !SAFE.has(method) && !(method === "POST" && /\/_search(?:\?|$)/.test(url));

/** Whether the client accepts gzip. */
export const acceptsGzip = (request: IncomingMessage): boolean =>
  /\bgzip\b(?!;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(request.headers["accept-encoding"]?.toString() ?? "");
