/** Reads the body of a request: bounded, counted while it arrives, decompressed, checked to be UTF-8. */
import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { httpError } from "./http-error.ts";
import { exchangeOf, gateOf, type Received } from "./received.ts";

/** Limit under /fhir. A larger body, before or after decompression, is refused with 413. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** Limit for actions of the domain. */
export const MAX_PARAMS_BYTES = 1024 * 1024;
/** Limit for sign-in forms and token requests. */
export const MAX_AUTH_BYTES = 65_536;
/** Limit for a search by POST; its characters are counted once it has arrived. */
const MAX_FORM_BYTES = 4 * 1024 * 1024;

/** Smaller pieces are joined as they arrive, as each is an object of its own. Bytes. */
const SMALL_PIECE = 16_384;
/** A larger body is freed as soon as it is text; its buffer belongs to it alone. Bytes. */
const LARGE_BODY = 1024 * 1024;
/** Bytes held for each byte of a body, which is joined and then becomes text. */
const HELD_PER_BYTE = 2;

/**
 * Bytes that decompression takes meanwhile, however little it has decompressed: Brotli's largest window, and Deflate's with its tables.
 */
const WINDOWS: Record<string, number> = { br: 16 * 1024 * 1024, gzip: 65_536, "x-gzip": 65_536, deflate: 65_536 };

/** `fatal`: invalid UTF-8 is refused rather than replaced; a byte order mark is dropped. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The whole body as text; "" without one.
 * @throws 400 not UTF-8, besides what `readBytes` throws
 */
export async function readText(request: IncomingMessage, most = MAX_BODY_BYTES): Promise<string> {
  const whole = await readBytes(request, most);
  try {
    return utf8.decode(whole);
  } catch {
    throw httpError(400, "BODY_NOT_UTF8", "The body is not UTF-8.");
  } finally {
    free(whole);
  }
}

/** Frees the memory of a large body at once, not at some later garbage collection. It cannot be read any more. */
function free(whole: Buffer): void {
  if (whole.buffer.byteLength >= LARGE_BODY) (whole.buffer as ArrayBuffer).transfer(0);
}

/**
 * The whole body, decompressed; empty without one. A large one waits for its turn to be processed.
 * @param most bytes
 * @throws 413 too large, 415 unknown encoding, 501 unknown transfer coding, 400 cut short, 408 too slow, 503 no room for it at the moment
 */
export async function readBytes(request: Received, most = MAX_BODY_BYTES): Promise<Buffer> {
  if (!hasBody(request)) return Buffer.alloc(0);
  const whole = await (request.arriving ?? received(request, most));
  request.arriving = undefined; // it can be read once only
  const exchange = exchangeOf(request);
  const turn = exchange && (await gateOf(request)?.enter(exchange.requester, { body: whole.length, answer: exchange.expected }));
  if (turn) exchange.work(turn);
  return whole;
}

/**
 * Waits for the body of a writing request before anything else is done for it: a slow client costs next to nothing. For a client that asks first
 * whether it may send (`Expect`), the headers are checked first.
 * @returns undefined if there is nothing to wait for
 * @throws 408, 503: the client is too slow, or has to give way; other errors are raised when the body is read
 */
export function arrivalOf(request: Received): Promise<void> | undefined {
  const { method = "", headers, url = "" } = request;
  if (!WRITES.has(method) || headers.expect !== undefined || !hasBody(request)) return undefined;
  const arriving = received(request, mostOf(url));
  request.arriving = arriving;
  return arriving.then(
    () => {},
    (error: { code?: unknown }) => {
      if (error.code === 408 || error.code === 503) throw error;
    },
  );
}

/** The whole body; its handler can still read it. @throws as `readBytes` */
export async function peekBytes(request: Received): Promise<Buffer> {
  if (!hasBody(request)) return Buffer.alloc(0);
  request.arriving ??= received(request, mostOf(request.url ?? ""));
  return request.arriving;
}

const WRITES = new Set(["POST", "PUT", "PATCH"]);

/** Limit of the body in bytes, by URL. */
function mostOf(url: string): number {
  if (url.startsWith("/api/")) return MAX_PARAMS_BYTES;
  if (url.startsWith("/auth/")) return MAX_AUTH_BYTES;
  return /\/_search(?:$|\?)/.test(url) ? MAX_FORM_BYTES : MAX_BODY_BYTES;
}

/** Whether a request has a body: it gives a length, or sends chunks (RFC 9112, section 6.3). */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

async function received(request: IncomingMessage, most: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > most) throw tooLarge(most);
  requireKnownTransfer(request);
  const exchange = exchangeOf(request);
  exchange?.requireRoom(Math.min(Number(request.headers["content-length"] ?? 0), SMALL_PIECE));
  const window = WINDOWS[encodingOf(request)] ?? 0;
  // The decompressor is gone by the time the body becomes text: both together never exist.
  const heldFor = (bytes: number) => Math.max(window + bytes, HELD_PER_BYTE * bytes);
  exchange?.hold(window);
  const release = (bytes: number) => exchange?.hold(-Math.min(heldFor(bytes) - HELD_PER_BYTE * bytes, exchange.held)); // 0 after it had to give way
  const through = decoder(request);
  const source = through ?? request;
  exchange?.continue();
  return new Promise((resolve, reject) => {
    const pieces = new Pieces();
    let isDone = false;
    const fail = (error: Error) => {
      if (isDone) return;
      isDone = true;
      source.off("data", take);
      through?.destroy();
      request.off("data", note);
      request.resume(); // the rest is discarded
      release(pieces.bytes);
      exchange?.received();
      reject(error);
    };
    const note = (chunk: Buffer) => exchange?.progress(chunk.length);
    const take = (chunk: Buffer) => {
      if (pieces.bytes + chunk.length > most) return fail(tooLarge(most));
      try {
        exchange?.hold(heldFor(pieces.bytes + chunk.length) - heldFor(pieces.bytes));
      } catch (error) {
        return fail(error as Error);
      }
      pieces.add(chunk);
    };
    exchange?.receive(fail, () => request.complete);
    source.on("data", take);
    request.on("data", note);
    source.once("end", () => {
      if (isDone) return;
      isDone = true;
      release(pieces.bytes);
      if (exchange) exchange.bodyBytes = pieces.bytes;
      exchange?.received();
      resolve(pieces.whole());
    });
    source.on("error", () => fail(unreadable()));
    request.on("error", () => fail(unreadable()));
    request.once("close", () => {
      if (!request.complete) fail(unreadable());
    });
    if (through) request.pipe(through);
    if (request.destroyed && !request.complete) fail(unreadable());
  });
}

/** The body so far, in pieces of some size. */
class Pieces {
  bytes = 0;
  readonly #pieces: Buffer[] = [];

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    let piece = chunk;
    // Each byte is copied a few times at most: only pieces of similar size are joined.
    for (let last = this.#pieces.at(-1); last && last.length <= piece.length && last.length + piece.length <= SMALL_PIECE; ) {
      this.#pieces.pop();
      piece = Buffer.concat([last, piece]);
      last = this.#pieces.at(-1);
    }
    this.#pieces.push(piece);
  }

  whole(): Buffer {
    const pieces = this.#pieces.splice(0); // the request's listeners keep this object until it is answered
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, this.bytes);
  }
}

/** Node takes the chunks of a body apart, and leaves other transfer codings as they are (RFC 9112, 6.1). @throws 501 */
function requireKnownTransfer({ headers }: IncomingMessage): void {
  const coding = headers["transfer-encoding"];
  if (coding === undefined || coding.trim().toLowerCase() === "chunked") return;
  throw httpError(501, "TRANSFER_ENCODING_UNKNOWN", "Transfer-Encoding must be chunked or absent: compress a body by Content-Encoding.");
}

const encodingOf = ({ headers }: IncomingMessage): string => headers["content-encoding"]?.trim().toLowerCase() ?? "";

function decoder(request: IncomingMessage): Transform | undefined {
  switch (encodingOf(request)) {
    case "":
    case "identity":
      return undefined;
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "deflate":
      return createInflate();
    case "br":
      return createBrotliDecompress();
    default:
      throw httpError(415, "ENCODING_UNKNOWN", "Content-Encoding must be gzip, deflate, br or absent.");
  }
}

const unreadable = () =>
  httpError(400, "BODY_UNREADABLE", "The body cannot be read: it is cut short, or not in the Content-Encoding it claims.");

const tooLarge = (most: number) => httpError(413, "BODY_TOO_LARGE", `The body is larger than ${most / 1024 / 1024} MB: send it in parts.`);
