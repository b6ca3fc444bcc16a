/** What browsers ask and must hear before an app of another origin may use the API (fetch.spec.whatwg.org, CORS protocol). */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Config } from "../../../mesh/config.ts";
import type { OwnName } from "./own-name.ts";

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";
/** What an app may send. Not `*`: that leaves out Authorization. */
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
  "Last-Event-ID",
  "Prefer",
  "traceparent",
  "X-Requested-With",
  "X-Purpose-Of-Use",
  "X-Security-Context",
].join(", ");
/** What an app may read of an answer, besides what it always may. */
const EXPOSED = [
  "Allow",
  "Content-Location",
  "ETag",
  "Last-Modified",
  "Location",
  "Retry-After",
  "traceresponse",
  "X-Security-Context",
].join(", ");
/** A browser asks again after this; a change of the setting takes as long. Seconds. */
const MAX_AGE_S = "600";

const READS = new Set(["GET", "HEAD", "OPTIONS"]);

/** How a browser names the origin of a request beside `Origin` (Fetch Metadata): by a person, or by our own page. */
const OWN_SITES = new Set(["same-origin", "none"]);

/**
 * A page of another site sends what a form could send without asking first, and not to have the answer does not undo what was written.
 * The gateway's own pages have its address as their origin: PUBLIC_URL's, or where that is not set the one that was asked.
 */
function isWrittenFromElsewhere({ method = "GET", headers }: IncomingMessage, { origin: own, scheme, isPublic }: OwnName): boolean {
  if (READS.has(method)) return false;
  const { origin, host } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && !OWN_SITES.has(String(site).trim().toLowerCase())) return true;
  return origin !== undefined && origin !== own && (isPublic || origin !== `${scheme}://${host}`);
}

/**
 * Puts on an answer under `/fhir` or `/api` what tells the browser whether the app may have it.
 * @returns "preflight" when the request only asks, and the answer needs no more than these headers; "refused" when the app must not
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
  if (corsOrigin === undefined) return isWrittenFromElsewhere(request, own) ? "refused" : undefined;
  if (corsOrigin !== "*") response.appendHeader("Vary", "Origin");
  // Without Origin nobody knows whose page it is; only where all may ask it does not matter.
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
