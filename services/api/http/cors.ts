/** What browsers ask and must hear before an app of another origin may use the API (fetch.spec.whatwg.org, CORS protocol). */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Config } from "../../../mesh/config.ts";

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";
/** What an app may send. Not `*`: that leaves out Authorization. */
const ALLOWED = [
  "Accept",
  "Authorization",
  "Cache-Control",
  "Content-Type",
  "If-Match",
  "If-Modified-Since",
  "If-None-Exist",
  "If-None-Match",
  "Prefer",
  "X-Requested-With",
  "X-Security-Context",
].join(", ");
/** What an app may read of an answer, besides what it always may. */
const EXPOSED = ["Allow", "Content-Location", "ETag", "Last-Modified", "Location", "Retry-After", "X-Security-Context"].join(", ");
/** A browser asks again after this; a change of the setting takes as long. Seconds. */
const MAX_AGE = "600";

const READS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * A page of another site sends what a form could send without asking first, and not to have the answer does not undo what was written.
 * The gateway's own pages have its address as their origin, as the browser or a proxy before it names it.
 */
function isWrittenFromElsewhere(method = "GET", { origin, host, "x-forwarded-host": forwarded }: IncomingHttpHeaders): boolean {
  if (origin === undefined || READS.has(method)) return false;
  const named = URL.canParse(origin) ? new URL(origin).host : undefined;
  const outermost = forwarded?.toString().split(",", 1)[0]?.trim(); // of several proxies the first that the browser asked
  return named === undefined || (named !== host && named !== outermost);
}

/**
 * Puts on an answer under `/fhir` or `/api` what tells the browser whether the app may have it.
 * @returns "preflight" when the request only asks, and the answer needs no more than these headers; "refused" when the app must not
 */
export function crossOrigin(
  { method, url = "/", headers }: IncomingMessage,
  response: ServerResponse,
  { corsOrigin }: Pick<Config, "corsOrigin">,
): "preflight" | "refused" | undefined {
  if (!/^\/(?:fhir|api)(?:[/?]|$)/.test(url)) return undefined;
  const { origin } = headers;
  if (corsOrigin === undefined) return isWrittenFromElsewhere(method, headers) ? "refused" : undefined;
  if (corsOrigin !== "*") response.appendHeader("Vary", "Origin");
  if (origin === undefined) return undefined;
  const isPreflight = method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
  if (corsOrigin !== "*" && !corsOrigin.includes(origin))
    return isPreflight || isWrittenFromElsewhere(method, headers) ? "refused" : undefined;
  response.setHeader("Access-Control-Allow-Origin", corsOrigin === "*" ? "*" : origin);
  if (!isPreflight) {
    response.setHeader("Access-Control-Expose-Headers", EXPOSED);
    return undefined;
  }
  response.setHeader("Access-Control-Allow-Methods", METHODS);
  response.setHeader("Access-Control-Allow-Headers", ALLOWED);
  response.setHeader("Access-Control-Max-Age", MAX_AGE);
  return "preflight";
}
