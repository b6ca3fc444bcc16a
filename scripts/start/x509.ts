/** Certificates for TLS: X.509 in DER (RFC 5280), of which this project needs very little: one key of P-256, one name, some hosts. */
import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { isIP } from "node:net";

const DAY_MS = 86_400_000;

/** Who is certified. */
export interface Subject {
  /** Common name. */
  name: string;
  publicKey: KeyObject;
}

/** Who certifies: a CA, or the subject itself. */
export interface Issuer extends Subject {
  privateKey: KeyObject;
}

/** What a certificate is good for. */
export interface Purpose {
  /** Names and IP addresses of a server. */
  hosts?: string[];
  /** Whether it is a server only, or also a client of servers of its kind; absent: it is a CA's. */
  use?: "server" | "server and client";
  lifeMs: number;
}

/** Good from a day ago on: clocks of machines differ. */
export function makeCertificate(subject: Subject, { hosts = [], use, lifeMs }: Purpose, issuer: Issuer, now = Date.now()): X509Certificate {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40; // positive, and of full length
  const purposes = use === "server" ? [SERVER_AUTHENTICATION] : [SERVER_AUTHENTICATION, CLIENT_AUTHENTICATION];
  const extensions = [
    ...(hosts.length > 0 ? [sequence(ALTERNATIVE_NAMES, octets(sequence(...hosts.map(alternativeName))))] : []),
    ...(use === undefined ? OF_A_CA : [sequence(KEY_PURPOSE, octets(sequence(...purposes)))]),
    sequence(SUBJECT_KEY, octets(octets(keyId(subject.publicKey)))),
    sequence(AUTHORITY_KEY, octets(sequence(tlv(0x80, keyId(issuer.publicKey))))),
  ];
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))), // version 3
    tlv(0x02, serial),
    ECDSA_SHA256,
    nameOf(issuer),
    sequence(utcTime(now - DAY_MS), utcTime(now + lifeMs)),
    nameOf(subject),
    subject.publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...extensions)),
  );
  return new X509Certificate(sequence(body, ECDSA_SHA256, bits(sign("sha256", body, issuer.privateKey))));
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
const TRUE = tlv(0x01, Buffer.from([0xff]));

/** Until 2049 (RFC 5280, 4.1.2.5.1). */
function utcTime(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, "");
  return tlv(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}

const ECDSA_SHA256 = sequence(oid("2a8648ce3d040302"));
const COMMON_NAME = oid("550403");
const ALTERNATIVE_NAMES = oid("551d11");
const KEY_PURPOSE = oid("551d25");
const SUBJECT_KEY = oid("551d0e");
const AUTHORITY_KEY = oid("551d23");
const SERVER_AUTHENTICATION = oid("2b06010505070301");
const CLIENT_AUTHENTICATION = oid("2b06010505070302");
/** Basic constraints, and a key that signs certificates: both critical. */
const OF_A_CA = [
  sequence(oid("551d13"), TRUE, octets(sequence(TRUE))),
  sequence(oid("551d0f"), TRUE, octets(tlv(0x03, Buffer.from([1, 0x06])))),
];

const nameOf = ({ name }: Subject) => sequence(tlv(0x31, sequence(COMMON_NAME, tlv(0x0c, Buffer.from(name)))));

const alternativeName = (host: string) => (isIP(host) ? tlv(0x87, addressBytes(host)) : tlv(0x82, Buffer.from(host, "latin1")));

/** As everybody makes it: SHA-1 over the key's point (RFC 5280, 4.2.1.2); it only tells keys apart. */
function keyId(key: KeyObject): Buffer {
  const point = key.export({ type: "spki", format: "der" }).subarray(-65); // P-256, uncompressed
  return createHash("sha1").update(point).digest();
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
