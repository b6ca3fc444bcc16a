/**
 * Opaque tokens for page links. A token holds what the page needs to go on and a checksum over it and over the place it
 * was made for: it survives restarts and other gateways, and does not work for another query. It grants nothing: the
 * caller could have asked the same question openly, and every answer is checked against the caller's rights again.
 */
import { createHash } from "node:crypto";
import { fhirError } from "../../fhir/outcome.ts";

const CHECKSUM = 16; // characters of base64url, 96 bits

const checksumOf = (place: string, text: string): string =>
  createHash("sha256").update(`${place}\n${text}`).digest("base64url").slice(0, CHECKSUM);

/** @param content JSON @param place what the token belongs to, e.g. the search's type */
export function packToken(place: string, content: unknown): string {
  const text = JSON.stringify(content);
  return Buffer.from(text).toString("base64url") + checksumOf(place, text);
}

/** @throws FhirError 400 for a token that was not made here, or for another place */
export function unpackToken<Content>(token: string, place: string): Content {
  const text = Buffer.from(token.slice(0, -CHECKSUM), "base64url").toString();
  if (token.length <= CHECKSUM || token.slice(-CHECKSUM) !== checksumOf(place, text)) {
    throw fhirError(400, "invalid", "This page link is not one of this server's: start again from the first page.", "_page");
  }
  return JSON.parse(text) as Content;
}
