/** A token for a program without a person: the client authenticates by an assertion that its private key signs (RFC 7523). */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { importJWK, importPKCS8, type JWK, SignJWT } from "jose";
import { StartupError } from "../start/startup-error.ts";
import { reachedAt } from "./browser.ts";
import { endpointsOf, type TokenAnswer, tokensFrom } from "./sign-in-by-pages.ts";

/** Lifetime of an assertion, which is used at once. */
const VALID = "60s";

/** The client, with its key. */
export interface Program {
  /** The gateway's address, without a slash at the end. */
  base: string;
  client: string;
  /** File of the private key: a JWK, or PKCS#8 in PEM. */
  keyFile: string;
  scope: string;
}

/** @throws StartupError if something is wrong with the key, or with the server's answer */
export async function clientToken({ base, client, keyFile, scope }: Program): Promise<TokenAnswer> {
  const { token_endpoint: endpoint } = await endpointsOf(base);
  const { key, alg, kid } = await keyIn(keyFile);
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }), typ: "JWT" })
    .setIssuer(client)
    .setSubject(client)
    .setAudience(endpoint)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(VALID)
    .sign(key);
  return tokensFrom(reachedAt(base, endpoint), {
    grant_type: "client_credentials",
    client_id: client,
    scope,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  });
}

async function keyIn(file: string): Promise<{ key: Parameters<SignJWT["sign"]>[0]; alg: string; kid?: string }> {
  try {
    const text = readFileSync(file, "utf8");
    if (text.includes("BEGIN PRIVATE KEY")) return { key: await importPKCS8(text, "ES384"), alg: "ES384" };
    const jwk = JSON.parse(text) as JWK;
    const alg = jwk.alg ?? (jwk.kty === "RSA" ? "RS384" : jwk.crv === "P-256" ? "ES256" : "ES384");
    return { key: await importJWK(jwk, alg), alg, ...(jwk.kid !== undefined && { kid: jwk.kid }) };
  } catch (error) {
    throw new StartupError(
      `The key in ${file} cannot be used: ${(error as Error).message}. It should be a private JWK, or PKCS#8 of P-384 in PEM.`,
    );
  }
}
