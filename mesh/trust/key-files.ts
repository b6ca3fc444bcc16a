/**
 * Key files. A file of a service contains its private key (JWK) and its certificate; a file of a CA its public part. Without files a
 * process creates a key and certifies it by the CA of its data folder: a user who can read that folder is trusted already.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureFolder } from "../ensure-folder.ts";
import { makeOnce } from "../make-once.ts";
import { ANY_SERVICE, type Certificate, type Grant, issueCertificate, publicKeyFrom, type Signer, Trusted } from "./certificate.ts";

/** The keys of a process: its own, and those that it trusts. */
export interface MeshKeys {
  signer: Signer;
  /** Its own certificate. */
  certificate: Certificate;
  trusted: Trusted;
}

/** A file of a service. */
interface KeyFile {
  key: JsonWebKey;
  certificate: string;
}

const DAY_MS = 86_400_000;
/** Validity of a certificate in a file: two years. */
export const CERTIFICATE_LIFE_MS = 730 * DAY_MS;
/** Remaining validity below which a warning is logged, and a certificate is replaced where that happens automatically. */
export const RENEWAL_MS = 60 * DAY_MS;
/** Validity of an in-memory certificate, longer than any process runs. */
const OWN_LIFE_MS = 3_650 * DAY_MS;

/** Folder of the keys in the data folder. */
export const keyFolder = (dataDir: string): string => join(dataDir, "mesh-keys");
/** Files of the CA's private key and of its public part in that folder. */
const [CA_FILE, CA_PUBLIC_FILE] = ["ca.key", "ca.pub"] as const;
/** The public part of the folder's CA, which every node may read. */
export const caPublicFile = (folder: string): string => join(folder, CA_PUBLIC_FILE);
/** File of the key of a node that runs these services. */
const serviceFile = (folder: string, services: string[]): string => join(folder, `${services.join("+")}.key`);

/** Keys of a process that communicates with no other. */
export function keysInMemory(): MeshKeys {
  return ownKeys(generateKeyPairSync("ed25519").privateKey);
}

/** Keys of a process, by the CA of its data folder, which is created if it is missing. */
export const keysFromFolder = (dataDir: string): MeshKeys => ownKeys(ensureCa(keyFolder(dataDir)));

/** @throws one sentence that names a file which cannot be used */
export function keysFromFiles(identityFile: string, caFiles: string[]): MeshKeys {
  const trusted = new Trusted(caFiles.map((file) => read(file, "MESH_CA_FILE", (text) => publicKeyFrom(JSON.parse(text)))));
  const signer = read(identityFile, "MESH_IDENTITY_FILE", (text) => {
    const { key, certificate } = JSON.parse(text) as KeyFile;
    return { privateKey: createPrivateKey({ key, format: "jwk" }), certificate };
  });
  const certificate = trusted.certificate(signer.certificate);
  if (!certificate) {
    throw new Error(
      `The certificate in ${identityFile} is not of the CA in ${caFiles.join(", ")}, or not good now: issue it anew (npm run mesh-keys).`,
    );
  }
  if (!certificate.key.equals(createPublicKey(signer.privateKey))) {
    throw new Error(`The certificate in ${identityFile} does not belong to the key beside it: issue both anew (npm run mesh-keys).`);
  }
  return { signer, certificate, trusted };
}

/** The CA's private key in a folder, created with its public part if there is none. Processes that start together get the same. */
export function ensureCa(folder: string): KeyObject {
  ensureFolder(folder);
  const file = join(folder, CA_FILE);
  if (!existsSync(file)) makeOnce(file, JSON.stringify(generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" })));
  const ca = read(file, "The CA's key", (text) => createPrivateKey({ key: JSON.parse(text), format: "jwk" }));
  if (!existsSync(caPublicFile(folder))) makeOnce(caPublicFile(folder), JSON.stringify(createPublicKey(ca).export({ format: "jwk" })));
  return ca;
}

/** Writes a new key with its certificate. @returns the file */
export function issueKeyFile(folder: string, grant: Grant, now = Date.now()): string {
  const ca = ensureCa(folder);
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const certificate = issueCertificate(ca, grant, publicKey, CERTIFICATE_LIFE_MS, now);
  const file = serviceFile(folder, grant.serves);
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  writeFileSync(draft, JSON.stringify({ key: privateKey.export({ format: "jwk" }), certificate } satisfies KeyFile), { mode: 0o600 });
  renameSync(draft, file);
  return file;
}

/** The existing file if it is for exactly this and valid for some time; otherwise a new one. */
export function ensureKeyFile(folder: string, grant: Grant, now = Date.now()): string {
  const file = serviceFile(folder, grant.serves);
  ensureCa(folder);
  try {
    const { certificate } = keysFromFiles(file, [caPublicFile(folder)]);
    const isSame = JSON.stringify(certificate.owns) === JSON.stringify(grant.owns);
    if (isSame && certificate.until - now > RENEWAL_MS) return file;
  } catch {
    // missing, damaged, of another CA, or expired
  }
  return issueKeyFile(folder, grant, now);
}

function ownKeys(ca: KeyObject): MeshKeys {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const signer = { privateKey, certificate: issueCertificate(ca, { serves: [ANY_SERVICE] }, publicKey, OWN_LIFE_MS) };
  const trusted = new Trusted([createPublicKey(ca)]);
  return { signer, certificate: trusted.certificate(signer.certificate) as Certificate, trusted };
}

function read<Result>(file: string, setting: string, parse: (text: string) => Result): Result {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`${setting} (${file}) cannot be used: ${(error as Error).message}`);
  }
}
