/** Headers of every answer, whatever its content. `docs/security.md` lists them by path, and a test compares the two. */
import type { ServerResponse } from "node:http";

/** Policy of answers that are not pages: nothing in them is run or loaded if a browser shows them. */
export const CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Request headers on which an answer depends: caches must distinguish by them. */
export const VARY = "Authorization, Accept, Accept-Encoding";

/** A year, during which browsers use only HTTPS for this host. */
export const TRANSPORT_SECURITY = "max-age=31536000";

/** @param isHttps whether clients reach the gateway by HTTPS, here or at a proxy */
export function setCommonHeaders(response: ServerResponse, isHttps: boolean): void {
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  if (isHttps) response.setHeader("Strict-Transport-Security", TRANSPORT_SECURITY);
}

/**
 * Sets how an answer may be cached: what has a version is revalidated each time, anything else is not stored at all.
 * @param given headers of the answer, which take precedence
 */
export function setContentHeaders(response: ServerResponse, given: Record<string, string>): void {
  if (given["Cache-Control"] === undefined) {
    response.setHeader("Cache-Control", given["ETag"] === undefined ? "no-store" : "private, no-cache");
  }
  if (given["Content-Security-Policy"] === undefined) response.setHeader("Content-Security-Policy", CONTENT_POLICY);
  response.appendHeader("Vary", VARY);
}
