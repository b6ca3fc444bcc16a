/** Reads a request's body: bounded, decompressed, checked to be UTF-8. */
import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { httpError } from "./errors.ts";

/** A larger body, before or after decompression, is refused with 413. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** `fatal`: bytes that are no UTF-8 are refused rather than replaced; a byte order mark is dropped. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The whole body as text; "" without one.
 * @throws 400 not UTF-8, besides what `readBytes` throws
 */
export async function readText(request: IncomingMessage): Promise<string> {
  const whole = await readBytes(request);
  try {
    return utf8.decode(whole);
  } catch {
    throw httpError(400, "BODY_NOT_UTF8", "The body is not UTF-8.");
  }
}

/**
 * The whole body, decompressed; empty without one.
 * @throws 413 too large, 415 unknown encoding, 400 cut short
 */
export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const declared = Number(request.headers["content-length"]);
  if (declared > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of decoded(request)) {
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_BODY_BYTES) throw tooLarge();
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    request.resume(); // what is still to come is of no use
    if ((error as { type?: string }).type) throw error;
    throw httpError(400, "BODY_UNREADABLE", "The body cannot be read: it is cut short, or not in the Content-Encoding it claims.");
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes);
}

function decoded(request: IncomingMessage): AsyncIterable<unknown> {
  switch (request.headers["content-encoding"]?.toLowerCase()) {
    case undefined:
    case "":
    case "identity":
      return request;
    case "gzip":
    case "x-gzip":
      return unpacked(request, createGunzip());
    case "deflate":
      return unpacked(request, createInflate());
    case "br":
      return unpacked(request, createBrotliDecompress());
    default:
      throw httpError(415, "ENCODING_UNKNOWN", "Content-Encoding must be gzip, deflate, br or absent.");
  }
}

/** Ends with an error when the request breaks off; `pipe` alone would wait for ever. */
function unpacked(request: IncomingMessage, through: Transform): Transform {
  request.once("close", () => {
    if (!request.complete) through.destroy(new Error("The request broke off."));
  });
  return request.pipe(through);
}

const tooLarge = () => httpError(413, "BODY_TOO_LARGE", `The body is larger than ${MAX_BODY_BYTES / 1024 / 1024} MB: send it in parts.`);
