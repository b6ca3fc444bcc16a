/**
 * A signed statement with the signer's certificate: `claims.certificate.signature` (the certificate has two parts itself),
 * each in base64url, by Ed25519. Its kind is signed too, so that none is accepted as one of another kind.
 */
import { sign, verify } from "node:crypto";
import type { Certificate, Signer, Trusted } from "./certificate.ts";

/** Characters of a statement at most. */
const MAX_LENGTH = 16_384;

/** The claims, and their signer. */
export interface Statement<Claims> {
  claims: Claims;
  signer: Certificate;
}

const signedBytes = (kind: string, text: string) => Buffer.from(`openward ${kind}\0${text}`);

/** A statement in characters that any header may contain. */
export function makeStatement(kind: string, claims: object, { privateKey, certificate }: Signer): string {
  const text = `${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${certificate}`;
  return `${text}.${sign(null, signedBytes(kind, text), privateKey).toString("base64url")}`;
}

/**
 * @param now when its key must have a valid certificate, milliseconds since 1970; null: ever
 * @returns undefined if the signature is wrong, or its key has no valid certificate
 */
export function readStatement<Claims>(
  kind: string,
  text: unknown,
  trusted: Trusted,
  now: number | null = Date.now(),
): Statement<Claims> | undefined {
  if (typeof text !== "string" || text.length > MAX_LENGTH) return undefined;
  const end = text.lastIndexOf(".");
  const [claims = "", payload = "", signature = "", ...more] = text.slice(0, Math.max(end, 0)).split(".");
  if (more.length > 0) return undefined;
  const signer = trusted.certificate(`${payload}.${signature}`, now);
  if (!signer) return undefined;
  const given = Buffer.from(text.slice(end + 1), "base64url");
  if (!verify(null, signedBytes(kind, text.slice(0, end)), signer.key, given)) return undefined;
  return { claims: JSON.parse(Buffer.from(claims, "base64url").toString()) as Claims, signer };
}
