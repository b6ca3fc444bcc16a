/** The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07), which identifies a request over its retries. */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { peekBytes } from "./body.ts";
import { httpError } from "./http-error.ts";

/** Longest key, characters; a UUID has 36. */
const MAX_KEY = 255;
/** A String of structured headers (RFC 8941, 3.3.3): visible ASCII in quotes, a quote or backslash escaped; or, as many clients send it, a bare token. */
const STRING = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const TOKEN = /^[A-Za-z0-9._~:+/=-]+$/;

/** Methods that change something; with others the header has no meaning. */
const WRITES = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** Headers that make a request another one. */
const CONDITIONS = ["content-type", "if-match", "if-none-match", "if-none-exist"];

/**
 * The key of a request; undefined without one.
 * @throws 400 if it is malformed or too long
 */
export function idempotencyKeyOf({ method = "", headers }: IncomingMessage): string | undefined {
  const sent = headers["idempotency-key"];
  if (sent === undefined || !WRITES.has(method)) return undefined;
  const text = String(sent).trim();
  const key = STRING.exec(text)?.[1]?.replace(/\\(.)/g, "$1") ?? (TOKEN.test(text) ? text : "");
  if (key === "" || key.length > MAX_KEY) {
    throw httpError(
      400,
      "IDEMPOTENCY_KEY_MALFORMED",
      `Idempotency-Key must be one string of 1 to ${MAX_KEY} ASCII characters, as "8e03978e-40d5-43dd-bc93-6894a57f9324".`,
    );
  }
  return digest(key);
}

/**
 * A digest of the request, which differs for requests that differ.
 * @param boundTo what else distinguishes them @throws 413, 415, 400, 408, 503 like the body's reader
 */
export async function fingerprintOf(request: IncomingMessage, boundTo: string): Promise<string> {
  const conditions = CONDITIONS.map((name) => request.headers[name] ?? null);
  return digest(JSON.stringify([request.method, request.url, ...conditions, boundTo]), await peekBytes(request));
}

function digest(text: string, bytes?: Buffer): string {
  const hash = createHash("sha256").update(text);
  if (bytes) hash.update("\n").update(bytes);
  return hash.digest("base64url");
}
