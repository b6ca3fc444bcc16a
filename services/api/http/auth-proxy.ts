/**
 * Forwards `/auth/*`, and the discovery documents of apps, to a live node of `identity`. Nodes get the client's address and the gateway's name as
 * the gateway has seen them; what the client claims about them is not forwarded.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import type { ServiceBroker } from "moleculer";
import { Errors } from "moleculer";
import type { Config } from "../../../mesh/config.ts";
import { identityAddresses } from "../../../mesh/identity-nodes.ts";
import type { Answer } from "./answer.ts";
import { MAX_AUTH_BYTES, readBytes } from "./body.ts";
import { clientOf } from "./client-address.ts";
import { httpError } from "./http-error.ts";
import type { OwnName } from "./own-name.ts";

/** Longest time that a node may take, milliseconds: about two seconds with a queue of sign-ins. */
const ANSWER_MS = 8_000;
/** Nodes with which one request is tried. */
const MAX_NODES = 2;
/** Limit of a page or document. Bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Request headers that are forwarded. */
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
/** Response headers that are not forwarded: they concern the connection, or are set anew. */
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

/** Documents with well-known paths, by their path at the node (RFC 8414, 3; OpenID Connect Discovery 4; SMART App Launch 2.2). */
const DOCUMENTS: Record<string, string> = {
  "/.well-known/smart-configuration": "/auth/.well-known/smart-configuration",
  "/fhir/.well-known/smart-configuration": "/auth/.well-known/smart-configuration",
  "/.well-known/openid-configuration": "/auth/.well-known/openid-configuration",
  "/.well-known/openid-configuration/auth": "/auth/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server": "/auth/.well-known/oauth-authorization-server",
  "/.well-known/oauth-authorization-server/auth": "/auth/.well-known/oauth-authorization-server",
};

const METHODS = new Set(["GET", "HEAD", "POST", "OPTIONS"]);

/** The path at a node of `identity` that answers a path here; undefined if there is none. */
export function authPath(url: string): string | undefined {
  const [path = "", query] = url.split("?", 2);
  const there = path.startsWith("/auth/") ? path : DOCUMENTS[path];
  return there === undefined ? undefined : query === undefined ? there : `${there}?${query}`;
}

/**
 * The answer of a node. A request that changes nothing, or that a node has not received, is tried at a second node.
 * @throws 405; 413; 404 NOT_FOUND where access is open; 503 IDENTITY_DOWN
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
  const addresses = identityAddresses(broker);
  if (addresses.length === 0 && config.access === "open") throw noSignIn();
  const headers = headersOf(request, own, config);
  const all = askedBy(broker);
  for (const { nodeID, url } of addresses.slice(0, MAX_NODES)) {
    const asked: Asked = { nodeID, lost: new AbortController() };
    all.add(asked);
    try {
      const question = { method, headers, body: method === "POST" ? body : undefined, ca: caOf(config), lost: asked.lost.signal };
      return await ask(new URL(path, url), question);
    } catch (error) {
      broker.logger.warn(`${nodeID} did not answer: ${(error as Error).message}`);
      if (method === "POST" && !isUnheard(error)) break;
    } finally {
      all.delete(asked);
    }
  }
  throw identityDown();
}

/** A request that waits for the answer of a node. */
interface Asked {
  nodeID: string;
  /** Aborted when the node is lost. */
  lost: AbortController;
}

/** By broker. */
const askedOf = new WeakMap<ServiceBroker, Set<Asked>>();

/** The requests that wait. Those to a node that hangs or has died end when the mesh notices it, instead of after the time limit. */
function askedBy(broker: ServiceBroker): Set<Asked> {
  const known = askedOf.get(broker);
  if (known) return known;
  const all = new Set<Asked>();
  askedOf.set(broker, all);
  broker.localBus.on("$node.disconnected", ({ node, unexpected }: { node: { id: string }; unexpected: boolean }) => {
    if (!unexpected) return; // a node that stops answers what it has received
    for (const { nodeID, lost } of all) if (nodeID === node.id) lost.abort(new Error(`${nodeID} is lost`));
  });
  return all;
}

/** The node was not listening: nothing was sent. */
const isUnheard = (error: unknown): boolean => (error as { code?: unknown }).code === "ECONNREFUSED";

function headersOf({ headers, socket }: IncomingMessage, own: OwnName, config: Config): Record<string, string> {
  const { host, protocol } = new URL(own.origin);
  return {
    ...Object.fromEntries(REQUEST_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]]))),
    "accept-encoding": "identity",
    "x-forwarded-for": clientOf({ headers, socket }, config),
    "x-forwarded-host": host,
    "x-forwarded-proto": protocol.slice(0, -1),
  };
}

/** The CA of nodes that use TLS, by its file. */
const authorities = new Map<string, Buffer>();

function caOf({ serversCaFile: file }: Config): Buffer | undefined {
  if (file === undefined) return undefined;
  const ca = authorities.get(file) ?? readFileSync(file);
  authorities.set(file, ca);
  return ca;
}

interface Question {
  method: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
  ca: Buffer | undefined;
  lost: AbortSignal;
}

async function ask(url: URL, { method, headers, body, ca, lost }: Question): Promise<Answer> {
  const options = { method, headers, signal: AbortSignal.any([lost, AbortSignal.timeout(ANSWER_MS)]) };
  const asking = url.protocol === "https:" ? tlsRequest(url, { ...options, ...(ca && { ca }) }) : plainRequest(url, options);
  asking.end(body);
  const [answer] = (await once(asking, "response")) as [IncomingMessage];
  const bytes = await bytesOf(answer);
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !HOP_HEADERS.has(name)) passed[canonical(name)] = String(value);
  }
  const cookies = answer.headers["set-cookie"] ?? [];
  const status = answer.statusCode ?? 502;
  return { status, headers: passed, ...(cookies.length > 0 && { cookies }), ...(bytes.length > 0 && { bytes }) };
}

async function bytesOf(answer: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MAX_ANSWER_BYTES) throw new Error("its answer is too large");
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length);
}

/** Canonical case: `cache-control` → `Cache-Control`. */
const canonical = (name: string): string => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()).replace(/^Www-/, "WWW-");

const noSignIn = () => httpError(404, "NOT_FOUND", "This system has no sign-in: everybody may use it (ACCESS=open).");

const identityDown = () =>
  new Errors.MoleculerRetryableError("No node of identity answers: sign in again in a moment.", 503, "IDENTITY_DOWN", { retryAfter: 1 });
