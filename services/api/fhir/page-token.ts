/**
 * Opaque tokens for page links. A token holds what the page needs to go on and is signed, together with the place it was made for: it
 * survives restarts and other gateways, does not work for another query, and nobody else can make one.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { fhirError } from "../../../fhir/outcome.ts";

const SIGNATURE = 22; // characters of base64url, 132 bits

let key: Buffer = randomBytes(32);

/** The key of this process from now on; all gateways of a mesh have the same. Until it is set, a random one. */
export function signPageLinksWith(secret: Buffer): void {
  key = secret;
}

const signatureOf = (place: string, text: string): string =>
  createHmac("sha256", key).update(`${place}\n${text}`).digest("base64url").slice(0, SIGNATURE);

/** @param content JSON @param place what the token belongs to, e.g. the search's type */
export function packToken(place: string, content: unknown): string {
  const text = JSON.stringify(content);
  return Buffer.from(text).toString("base64url") + signatureOf(place, text);
}

/** @throws FhirError 400 for a token that was not made here, or for another place */
export function unpackToken<Content>(token: string, place: string): Content {
  const text = Buffer.from(token.slice(0, -SIGNATURE), "base64url").toString();
  const [given, own] = [Buffer.from(token.slice(-SIGNATURE)), Buffer.from(signatureOf(place, text))];
  if (token.length <= SIGNATURE || given.length !== own.length || !timingSafeEqual(given, own)) {
    throw fhirError(400, "invalid", "This page link is not one of this server's: start again from the first page.", "_page");
  }
  return JSON.parse(text) as Content;
}
