/** What a handler answers, and how it is sent: one write, with length, compressed when that pays. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** An answer before it is sent. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
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

/** Sends the answer; for HEAD the same headers without the body. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers = {}, body, bytes: content }: Answer,
): Promise<void> {
  // The client went away, or a timeout has answered already.
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  response.setHeader("X-Content-Type-Options", "nosniff");
  // What is still to come of its body would be taken for the next request.
  if (!request.complete && hasBody(request)) response.setHeader("Connection", "close");
  for (const name in headers) response.setHeader(name, headers[name] as string);
  response.appendHeader("Vary", "Accept, Accept-Encoding");
  if (body === undefined && content === undefined) {
    if (status !== 204 && status !== 304) response.setHeader("Content-Length", "0");
    response.end();
    return;
  }
  let bytes: Buffer = content ?? Buffer.from(body as string);
  if (bytes.length >= COMPRESS_FROM && acceptsGzip(request)) {
    bytes = await compress(bytes, { level: 1 });
    response.setHeader("Content-Encoding", "gzip");
  }
  response.setHeader("Content-Length", bytes.length);
  response.end(request.method === "HEAD" ? undefined : bytes);
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

const acceptsGzip = (request: IncomingMessage): boolean =>
  /\bgzip\b(?!;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(request.headers["accept-encoding"]?.toString() ?? "");
