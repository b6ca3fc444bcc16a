/** Signing keys, each in a file that only this user can read: ES256, and RS256 for those who accept nothing else. */
import { generateKeyPair, randomBytes } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { calculateJwkThumbprint } from "jose";

/** The public part of an ES256 key, as a JWK. */
export interface PublicPart {
  kty: "EC";
  crv: "P-256";
  x: string;
  y: string;
  kid: string;
  alg: "ES256";
  use: "sig";
}

/** An ES256 key with its private part. */
export interface SigningKey extends PublicPart {
  d: string;
}

/** An RS256 key with its private part, as a JWK. */
export interface RsaSigningKey {
  kty: "RSA";
  n: string;
  e: string;
  d: string;
  p: string;
  q: string;
  dp: string;
  dq: string;
  qi: string;
  kid: string;
  alg: "RS256";
  use: "sig";
}

/** Keys by their algorithm. */
export interface KeysByAlgorithm {
  ES256: SigningKey;
  RS256: RsaSigningKey;
}

/** Length of RSA keys, bits: RFC 7518, 3.3, requires at least this. */
const RSA_BITS = 2_048;

const generated = promisify(generateKeyPair);

const MAKE: { [A in keyof KeysByAlgorithm]: () => Promise<KeysByAlgorithm[A]> } = {
  async ES256() {
    const { privateKey } = await generated("ec", { namedCurve: "P-256" });
    const { x = "", y = "", d = "" } = privateKey.export({ format: "jwk" });
    const kid = await calculateJwkThumbprint({ kty: "EC", crv: "P-256", x, y });
    return { kty: "EC", crv: "P-256", x, y, d, kid, alg: "ES256", use: "sig" };
  },
  async RS256() {
    const { privateKey } = await generated("rsa", { modulusLength: RSA_BITS });
    const { n = "", e = "", d = "", p = "", q = "", dp = "", dq = "", qi = "" } = privateKey.export({ format: "jwk" });
    const kid = await calculateJwkThumbprint({ kty: "RSA", n, e });
    return { kty: "RSA", n, e, d, p, q, dp, dq, qi, kid, alg: "RS256", use: "sig" };
  },
};

/** The public part of an ES256 key. */
export const publicPart = ({ d: _, ...key }: SigningKey): PublicPart => key;

/** Reads the key in a file; undefined if there is none. */
export async function readKey<Key = SigningKey>(file: string): Promise<Key | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Creates an ES256 key in a file. Of concurrent processes one creates it, and all get the same. */
export const makeKey = (file: string): Promise<SigningKey> => makeKeyFor("ES256", file);

/** Like `makeKey`, for an algorithm. */
export async function makeKeyFor<A extends keyof KeysByAlgorithm>(algorithm: A, file: string): Promise<KeysByAlgorithm[A]> {
  const key = await MAKE[algorithm]();
  const whole = `${file}.${randomBytes(4).toString("hex")}`;
  await writeFile(whole, JSON.stringify(key), { mode: 0o600, flush: true });
  try {
    await link(whole, file);
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return JSON.parse(await readFile(file, "utf8")) as KeysByAlgorithm[A];
  } finally {
    await rm(whole, { force: true });
  }
}
