/**
 * Passes `/auth/*`, and the documents that apps begin with, on to a live node of `identity`. What a node hears of the client is what this
 * gateway has seen: nothing that the client says of its own address or of ours is passed on.
 */
import type { IncomingMessage } from "node:http";
import type { ServiceBroker } from "moleculer";
import { Errors } from "moleculer";
import type { Config } from "../../../mesh/config.ts";
import { identityAddresses } from "../../../mesh/identity-nodes.ts";
import type { Answer } from "./answer.ts";
import { MAX_AUTH_BYTES, readBytes } from "./body.ts";
import { clientOf } from "./client-address.ts";
import { httpError } from "./errors.ts";
import type { OwnName } from "./own-name.ts";

/** Longest that a node may take, milliseconds: with a queue of sign-ins before it some two seconds. */
const ANSWER_MS = 8_000;
/** Nodes that one request is tried with. */
const MAX_NODES = 2;
/** Of a page or a document. Bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** What is passed on of a request. */
const REQUEST_HEADERS = [
  "accept",
  "accept-language",
  "access-control-request-headers",
  "access-control-request-method",
  "authorization",
  "content-type",
  "cookie",
  "origin",
  "sec-fetch-site",
  "user-agent",
];
/** What is not passed on of an answer: it is of the connection, or said anew. */
const HOP_HEADERS = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "content-encoding",
  "date",
  "vary",
  "set-cookie",
]);

/** Documents that have addresses of their own, by the node's address (RFC 8414, 3; OpenID Connect Discovery 4; SMART App Launch 2.2). */
const DOCUMENTS: Record<string, string> = {
  "/.well-known/smart-configuration": "/auth/.well-known/smart-configuration",
  "/fhir/.well-known/smart-configuration": "/auth/.well-known/smart-configuration",
  "/.well-known/openid-configuration": "/auth/.well-known/openid-configuration",
  "/.well-known/openid-configuration/auth": "/auth/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server": "/auth/.well-known/oauth-authorization-server",
  "/.well-known/oauth-authorization-server/auth": "/auth/.well-known/oauth-authorization-server",
};

const METHODS = new Set(["GET", "HEAD", "POST", "OPTIONS"]);

/** The path at a node of `identity` that answers a path here; undefined: none does. */
export function authPath(url: string): string | undefined {
  const [path = "", query] = url.split("?", 2);
  const there = path.startsWith("/auth/") ? path : DOCUMENTS[path];
  return there === undefined ? undefined : query === undefined ? there : `${there}?${query}`;
}

/**
 * The answer of a node. What changes nothing, and what a node has not heard of, is asked of a second one when the first does not answer.
 * @throws 405; 413; 503 IDENTITY_DOWN
 */
export async function passToIdentity(
  request: IncomingMessage,
  path: string,
  { broker, own, config }: { broker: ServiceBroker; own: OwnName; config: Config },
): Promise<Answer> {
  const { method = "GET" } = request;
  if (!METHODS.has(method)) {
    throw httpError(405, "METHOD_NOT_ALLOWED", "Only GET and POST are possible here.", { allow: "GET, HEAD, POST, OPTIONS" });
  }
  const body = await readBytes(request, MAX_AUTH_BYTES);
  const headers = headersOf(request, own, config);
  for (const address of identityAddresses(broker).slice(0, MAX_NODES)) {
    try {
      return await ask(new URL(path, address), { method, headers, ...(method === "POST" && { body: new Uint8Array(body) }) });
    } catch (error) {
      broker.logger.warn(`A node of identity did not answer: ${(error as Error).message}`);
      if (method === "POST" && !isUnheard(error)) break;
    }
  }
  throw identityDown();
}

/** Nobody listened there: nothing was sent. */
const isUnheard = (error: unknown): boolean => (error as { cause?: { code?: unknown } }).cause?.code === "ECONNREFUSED";

function headersOf({ headers, socket }: IncomingMessage, own: OwnName, config: Config): Headers {
  const passed = new Headers();
  for (const name of REQUEST_HEADERS) {
    const value = headers[name];
    if (value !== undefined) passed.set(name, String(value));
  }
  const { host, protocol } = new URL(own.origin);
  passed.set("accept-encoding", "identity");
  passed.set("x-forwarded-for", clientOf({ headers, socket }, config));
  passed.set("x-forwarded-host", host);
  passed.set("x-forwarded-proto", protocol.slice(0, -1));
  return passed;
}

async function ask(url: URL, init: RequestInit): Promise<Answer> {
  const answer = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(ANSWER_MS) });
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (bytes.length > MAX_ANSWER_BYTES) throw new Error(`its answer has ${bytes.length} bytes`);
  const headers: Record<string, string> = {};
  for (const [name, value] of answer.headers) if (!HOP_HEADERS.has(name)) headers[canonical(name)] = value;
  const cookies = answer.headers.getSetCookie();
  return { status: answer.status, headers, ...(cookies.length > 0 && { cookies }), ...(bytes.length > 0 && { bytes }) };
}

/** As they are written here: `cache-control` → `Cache-Control`. */
const canonical = (name: string): string => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()).replace(/^Www-/, "WWW-");

const identityDown = () =>
  new Errors.MoleculerRetryableError("No node of identity answers: sign in again in a moment.", 503, "IDENTITY_DOWN", { retryAfter: 1 });
