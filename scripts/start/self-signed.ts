/** A self-signed certificate for trying TLS: browsers warn, and clients must be told to trust it. */
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { writeAtomically } from "./data-folder.ts";
import { makeCertificate } from "./x509.ts";

const DAY_MS = 86_400_000;
const VALID_MS = 365 * DAY_MS;
/** Remaining lifetime below which a certificate is replaced, milliseconds. */
const RENEW_MS = 30 * DAY_MS;

/** Files of a certificate and its key, PEM. */
export interface CertificateFiles {
  tlsCert: string;
  tlsKey: string;
}

/** The pair in the data folder, created if there is none for these hosts; only its owner can read it. @param hosts names and IP addresses */
export function selfSignedPair(dataDir: string, hosts: string[]): CertificateFiles {
  const folder = join(dataDir, "tls");
  const pair = { tlsCert: join(folder, "cert.pem"), tlsKey: join(folder, "key.pem") };
  if (isOfUse(pair, hosts)) return pair;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = { name: "OpenWard (self-signed)", ...generateKeyPairSync("ec", { namedCurve: "P-256" }) };
  const certificate = makeCertificate(own, { hosts, use: "server", lifeMs: VALID_MS }, own);
  writeAtomically(pair.tlsKey, own.privateKey.export({ type: "pkcs8", format: "pem" }) as string);
  writeAtomically(pair.tlsCert, certificate.toString());
  return pair;
}

function isOfUse({ tlsCert, tlsKey }: CertificateFiles, hosts: string[]): boolean {
  if (!existsSync(tlsCert) || !existsSync(tlsKey)) return false;
  try {
    const known = new X509Certificate(readFileSync(tlsCert));
    if (!known.checkPrivateKey(createPrivateKey(readFileSync(tlsKey)))) return false;
    const covers = (host: string) => (isIP(host) ? known.checkIP(host) : known.checkHost(host)) !== undefined;
    return Date.parse(known.validTo) - Date.now() > RENEW_MS && hosts.every(covers);
  } catch {
    return false; // not one of this program
  }
}
