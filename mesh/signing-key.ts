/** A key that signs: ES256, in a file that only this user may read. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { calculateJwkThumbprint } from "jose";

/** The part of a key that everybody may know, as a JWK. */
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

/** The part of a key that everybody may know. */
export const publicPart = ({ d: _, ...key }: SigningKey): PublicPart => key;

/** The key in a file; undefined where there is none. */
export async function readKey(file: string): Promise<SigningKey | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as SigningKey;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** A new key in a file. Of processes that make the same key at once, one makes it. */
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
