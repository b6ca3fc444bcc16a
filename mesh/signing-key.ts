/** A signing key: ES256, in a file that only this user can read. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { calculateJwkThumbprint } from "jose";

/** The public part of a key, as a JWK. */
export interface PublicPart {
  kty: "EC";
  crv: "P-256";
  x: string;
  y: string;
  kid: string;
  alg: "ES256";
  use: "sig";
}

/** A key with its private part. */
export interface SigningKey extends PublicPart {
  d: string;
}

/** The public part of a key. */
export const publicPart = ({ d: _, ...key }: SigningKey): PublicPart => key;

/** Reads the key in a file; undefined if there is none. */
export async function readKey(file: string): Promise<SigningKey | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as SigningKey;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Creates a key in a file. Of concurrent processes one creates it, and all get the same. */
export async function makeKey(file: string): Promise<SigningKey> {
  const { x = "", y = "", d = "" } = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
  const kid = await calculateJwkThumbprint({ kty: "EC", crv: "P-256", x, y });
  const key: SigningKey = { kty: "EC", crv: "P-256", x, y, d, kid, alg: "ES256", use: "sig" };
  const whole = `${file}.${randomBytes(4).toString("hex")}`;
  await writeFile(whole, JSON.stringify(key), { mode: 0o600, flush: true });
  try {
    await link(whole, file);
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return JSON.parse(await readFile(file, "utf8")) as SigningKey;
  } finally {
    await rm(whole, { force: true });
  }
}
