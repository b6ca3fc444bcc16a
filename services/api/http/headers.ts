/** Headers that every answer carries, whatever it holds. `docs/security.md` lists them by path, and a test holds the two together. */
import type { ServerResponse } from "node:http";

/** Of what is no page: nothing in it is run or loaded, should a browser show it. */
export const CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** What an answer depends on besides its address: each may be another one for another reader. */
export const VARY = "Authorization, Accept, Accept-Encoding";

/** A year: from now on the browser asks this host by HTTPS only. */
export const TRANSPORT_SECURITY = "max-age=31536000";

/** @param isHttps whether clients reach the gateway by HTTPS, here or at a proxy */
export function setCommonHeaders(response: ServerResponse, isHttps: boolean): void {
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  if (isHttps) response.setHeader("Strict-Transport-Security", TRANSPORT_SECURITY);
}

/**
 * How an answer may be kept: what has a version is asked for again each time, anything else is not kept at all.
 * @param given headers of the answer, which come first
 */
export function setContentHeaders(response: ServerResponse, given: Record<string, string>): void {
  if (given["Cache-Control"] === undefined) {
    response.setHeader("Cache-Control", given["ETag"] === undefined ? "no-store" : "private, no-cache");
  }
  if (given["Content-Security-Policy"] === undefined) response.setHeader("Content-Security-Policy", CONTENT_POLICY);
  response.appendHeader("Vary", VARY);
}
