/** Cross-origin requests of browser apps (fetch.spec.whatwg.org, CORS protocol). */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Config } from "../../../mesh/config.ts";
import type { OwnName } from "./own-name.ts";

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";
/** Request headers that an app may send. Not `*`, which excludes Authorization. */
const ALLOWED = [
  "Accept",
  "Authorization",
  "Cache-Control",
  "Content-Type",
  "Idempotency-Key",
  "If-Match",
  "If-Modified-Since",
  "If-None-Exist",
  "If-None-Match",
  "If-Unmodified-Since",
  "Last-Event-ID",
  "Prefer",
  "traceparent",
  "X-Requested-With",
  "X-Purpose-Of-Use",
  "X-Request-ID",
  "X-Security-Context",
].join(", ");
/** Response headers that an app may read, besides those that it always may. */
const EXPOSED = [
  "Allow",
  "Content-Disposition",
  "Content-Location",
  "ETag",
  "Last-Modified",
  "Location",
  "Retry-After",
  "traceresponse",
  "WWW-Authenticate",
  "X-Request-ID",
  "X-Security-Context",
].join(", ");
/** How long browsers cache the answer; a change of the setting takes as long. Seconds. */
const MAX_AGE_S = "600";

const READS = new Set(["GET", "HEAD", "OPTIONS"]);

/** Values of Sec-Fetch-Site for a request by the user, or by the gateway's own pages. */
const OWN_SITES = new Set(["same-origin", "none"]);

/**
 * Pages of other sites can send what a form could send without a preflight, and withholding the answer does not undo what was written. The
 * gateway's own pages have its address as their origin: PUBLIC_URL, or if that is not set the requested host.
 */
function isWrittenFromElsewhere({ method = "GET", headers }: IncomingMessage, { origin: own, scheme, isPublic }: OwnName): boolean {
  if (READS.has(method)) return false;
  const { origin, host } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && !OWN_SITES.has(String(site).trim().toLowerCase())) return true;
  return origin !== undefined && origin !== own && (isPublic || origin !== `${scheme}://${host}`);
}

/** Whether a request reads the CapabilityStatement, which pages of all origins may (SMART App Launch 2.2, "Cross-Origin Resource Sharing"). */
const isDiscovery = ({ method = "GET", url = "/" }: IncomingMessage): boolean =>
  /^(?:GET|HEAD)$/.test(method) && /^\/fhir\/metadata(?:\?|$)/.test(url);

/**
 * Sets the headers on an answer under `/fhir` or `/api` that tell the browser whether the app may have it.
 * @returns "preflight" when these headers are the whole answer; "refused" when the app must not have one
 */
export function crossOrigin(
  request: IncomingMessage,
  response: ServerResponse,
  { corsOrigin }: Pick<Config, "corsOrigin">,
  own: OwnName,
): "preflight" | "refused" | undefined {
  const { method, url = "/", headers } = request;
  if (!/^\/(?:fhir|api)(?:[/?]|$)/.test(url)) return undefined;
  const { origin } = headers;
  if (origin !== undefined && isDiscovery(request)) {
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Expose-Headers", EXPOSED);
    return undefined;
  }
  if (corsOrigin === undefined) return isWrittenFromElsewhere(request, own) ? "refused" : undefined;
  if (corsOrigin !== "*") response.appendHeader("Vary", "Origin");
  // Without Origin the origin is unknown, which only does not matter if all origins are allowed.
  if (origin === undefined) return corsOrigin !== "*" && isWrittenFromElsewhere(request, own) ? "refused" : undefined;
  const isPreflight = method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
  if (corsOrigin !== "*" && !corsOrigin.includes(origin)) {
    return isPreflight || isWrittenFromElsewhere(request, own) ? "refused" : undefined;
  }
  response.setHeader("Access-Control-Allow-Origin", corsOrigin === "*" ? "*" : origin);
  if (!isPreflight) {
    response.setHeader("Access-Control-Expose-Headers", EXPOSED);
    return undefined;
  }
  response.setHeader("Access-Control-Allow-Methods", METHODS);
  response.setHeader("Access-Control-Allow-Headers", ALLOWED);
  response.setHeader("Access-Control-Max-Age", MAX_AGE_S);
  return "preflight";
}
