/**
 * A certificate for trying TLS: signed by its own key, so that browsers warn and clients must be told to trust it. Written as X.509 in
 * DER (RFC 5280), of which it needs very little: one key, one name, some hosts.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { writeAtomically } from "./data-folder.ts";

const DAY_MS = 86_400_000;
const VALID_MS = 365 * DAY_MS;
/** A certificate that ends sooner is made anew. Milliseconds. */
const RENEW_MS = 30 * DAY_MS;

/** Files of a certificate and its key, PEM. */
export interface Pair {
  tlsCert: string;
  tlsKey: string;
}

/** The pair in the data folder, made if there is none for these hosts; only its owner may read it. @param hosts names and IP addresses */
export function selfSignedPair(dataDir: string, hosts: string[]): Pair {
  const folder = join(dataDir, "tls");
  const pair = { tlsCert: join(folder, "cert.pem"), tlsKey: join(folder, "key.pem") };
  if (isOfUse(pair, hosts)) return pair;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = certificate(publicKey, privateKey, hosts, new Date());
  writeAtomically(pair.tlsKey, privateKey.export({ type: "pkcs8", format: "pem" }) as string);
  writeAtomically(pair.tlsCert, new X509Certificate(der).toString());
  return pair;
}

function isOfUse({ tlsCert, tlsKey }: Pair, hosts: string[]): boolean {
  if (!existsSync(tlsCert) || !existsSync(tlsKey)) return false;
  try {
    const known = new X509Certificate(readFileSync(tlsCert));
    if (!known.checkPrivateKey(createPrivateKey(readFileSync(tlsKey)))) return false;
    const covers = (host: string) => (isIP(host) ? known.checkIP(host) : known.checkHost(host)) !== undefined;
    return Date.parse(known.validTo) - Date.now() > RENEW_MS && hosts.every(covers);
  } catch {
    return false; // not one of ours
  }
}

/** DER: a tag, the length, the content. */
function tlv(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
const sequence = (...parts: Uint8Array[]) => tlv(0x30, ...parts);
const oid = (hex: string) => tlv(0x06, Buffer.from(hex, "hex"));
const bits = (content: Uint8Array) => tlv(0x03, Buffer.from([0]), content);
const octets = (content: Uint8Array) => tlv(0x04, content);
const utcTime = (date: Date) =>
  tlv(
    0x17,
    Buffer.from(
      `${date
        .toISOString()
        .replace(/[-:T]|\.\d+/g, "")
        .slice(2, 14)}Z`,
    ),
  );

const ECDSA_SHA256 = sequence(oid("2a8648ce3d040302"));
const COMMON_NAME = oid("550403");
const ALTERNATIVE_NAMES = oid("551d11");
const KEY_PURPOSE = oid("551d25");
const SERVER_AUTHENTICATION = oid("2b06010505070301");

function certificate(publicKey: KeyObject, privateKey: KeyObject, hosts: string[], now: Date): Buffer {
  const name = sequence(tlv(0x31, sequence(COMMON_NAME, tlv(0x0c, Buffer.from("OpenWard (self-signed)")))));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40; // positive, and of full length
  const names = hosts.map((host) => (isIP(host) ? tlv(0x87, addressBytes(host)) : tlv(0x82, Buffer.from(host, "latin1"))));
  const extensions = sequence(
    sequence(ALTERNATIVE_NAMES, octets(sequence(...names))),
    sequence(KEY_PURPOSE, octets(sequence(SERVER_AUTHENTICATION))),
  );
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))), // version 3
    tlv(0x02, serial),
    ECDSA_SHA256,
    name,
    sequence(utcTime(new Date(now.getTime() - DAY_MS)), utcTime(new Date(now.getTime() + VALID_MS))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, extensions),
  );
  return sequence(body, ECDSA_SHA256, bits(sign("sha256", body, privateKey)));
}

/** 4 or 16 bytes. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text = "") => (text === "" ? [] : text.split(":"));
  const [left, right] = [groups(head), groups(tail)];
  const all = tail === undefined ? left : [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return Buffer.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}
