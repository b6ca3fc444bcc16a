/**
 * Certificates for the servers of a mesh (NATS, MongoDB, Redis, `identity` for its gateways) and for the proxy, by a CA of their own. The file of
 * a server contains its key and its certificate: NATS and Redis read both from one file, and MongoDB requires it.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { ensureFolder } from "../../mesh/ensure-folder.ts";
import { CERTIFICATE_LIFE_MS, RENEWAL_MS } from "../../mesh/trust/key-files.ts";
import { writeAtomically } from "../start/data-folder.ts";
import { type Issuer, makeCertificate } from "../start/x509.ts";

const CA_NAME = "OpenWard servers";
/** Lifetime of the CA, longer than that of any certificate that it signs. */
const CA_LIFE_MS = 3_650 * 86_400_000;

/** The CA's certificate: SERVERS_CA_FILE of every node. */
const serversCaFile = (folder: string): string => join(folder, "servers-ca.pem");
/** Key and certificate of one server. */
const serverFile = (folder: string, server: string): string => join(folder, `${server}.pem`);

/** Creates certificates that are missing, by another CA, for other hosts, or about to expire. @param servers hosts of each server by its name @returns the files */
export function ensureServerFiles(folder: string, servers: Record<string, string[]>): string[] {
  const ca = ensureServersCa(folder);
  for (const [server, hosts] of Object.entries(servers)) {
    const file = serverFile(folder, server);
    if (!isOfUse(file, hosts, ca)) writeAtomically(file, newPair(server, hosts, ca));
  }
  return [serversCaFile(folder), ...Object.keys(servers).map((server) => serverFile(folder, server))];
}

/**
 * Key and certificate of the proxy. One by another CA is the hospital's own, and left unchanged.
 * @param hosts names and addresses by which clients reach it @returns the file
 */
export function ensureProxyFile(folder: string, hosts: string[]): string {
  const file = serverFile(folder, "proxy");
  const isOurs = !existsSync(file) || new X509Certificate(readFileSync(file)).issuer === `CN=${CA_NAME}`;
  if (isOurs) ensureServerFiles(folder, { proxy: hosts });
  return file;
}

function ensureServersCa(folder: string): Issuer {
  ensureFolder(folder);
  const keyFile = join(folder, "servers-ca.key");
  if (!existsSync(keyFile)) writeAtomically(keyFile, pem(newKey().privateKey));
  const privateKey = createPrivateKey(readFileSync(keyFile));
  const ca = { name: CA_NAME, privateKey, publicKey: createPublicKey(privateKey) };
  const file = serversCaFile(folder);
  if (!existsSync(file) || !new X509Certificate(readFileSync(file)).checkPrivateKey(privateKey)) {
    writeAtomically(file, makeCertificate(ca, { lifeMs: CA_LIFE_MS }, ca).toString());
  }
  return ca;
}

/** For servers and clients: members of a cluster are clients of each other. */
function newPair(name: string, hosts: string[], ca: Issuer): string {
  const { privateKey, publicKey } = newKey();
  const certificate = makeCertificate({ name, publicKey }, { hosts, use: "server and client", lifeMs: CERTIFICATE_LIFE_MS }, ca);
  return `${pem(privateKey)}${certificate.toString()}`;
}

function isOfUse(file: string, hosts: string[], ca: Issuer): boolean {
  if (!existsSync(file)) return false;
  const known = new X509Certificate(readFileSync(file));
  const covers = (host: string) => (isIP(host) ? known.checkIP(host) : known.checkHost(host)) !== undefined;
  return known.verify(ca.publicKey) && Date.parse(known.validTo) - Date.now() > RENEWAL_MS && hosts.every(covers);
}

const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }) as string;
