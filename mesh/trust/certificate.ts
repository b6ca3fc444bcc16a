/**
 * A certificate: the word of the mesh's CA that a key may serve certain services. Signed JSON: `payload.signature`, both in base64url, by
 * Ed25519 (RFC 8032).
 */
import { createPublicKey, type JsonWebKey, type KeyObject, randomBytes, sign, verify } from "node:crypto";

/** What a certificate says. */
export interface Certificate {
  /** Names of services, `*`: all. */
  serves: string[];
  /** FHIR types that these services may own; absent: any. */
  owns?: string[];
  /** The key's public part. */
  key: KeyObject;
  /** Good from and until, milliseconds since 1970. */
  from: number;
  until: number;
  serial: string;
}

/** An Ed25519 key whose certificate goes along with what it signs. */
export interface Signer {
  privateKey: KeyObject;
  /** The certificate as text. */
  certificate: string;
}

interface Payload {
  serves: string[];
  owns?: string[];
  key: string;
  from: number;
  until: number;
  serial: string;
}

/** In the certificate of a node that may serve any service. */
export const ANY_SERVICE = "*";
/** Clocks of two machines may be five minutes apart, and what one has signed is half a minute on its way to the other. Milliseconds. */
export const CLOCKS_APART_MS = 330_000;
/** Certificates that are remembered: each is verified once. A mesh has one a service, or one a process. */
const MAX_REMEMBERED = 1_000;
/** Longer ones are none of ours. */
const MAX_LENGTH = 4_096;
/** What the CA signs is never taken for anything else. */
const CONTEXT = "openward certificate\0";

/** Whether the certificate names the service. */
export const mayServe = ({ serves }: Certificate, service: string): boolean => serves.includes(service) || serves.includes(ANY_SERVICE);

/** The 32 bytes of an Ed25519 key's public part, in base64url. */
export const publicText = (key: KeyObject): string => key.export({ format: "jwk" }).x ?? "";

/** What a key may do. */
export type Grant = Pick<Certificate, "serves" | "owns">;

/** @param ca private key of the CA @param key public part of the key that is certified @param lifeMs from now on, milliseconds */
export function issueCertificate(ca: KeyObject, { serves, owns }: Grant, key: KeyObject, lifeMs: number, now = Date.now()): string {
  const payload: Payload = {
    serves,
    ...(owns && { owns }),
    key: publicText(key),
    from: now,
    until: now + lifeMs,
    serial: randomBytes(8).toString("hex"),
  };
  const text = Buffer.from(JSON.stringify(payload)).toString("base64url");
  return `${text}.${sign(null, Buffer.from(CONTEXT + text), ca).toString("base64url")}`;
}

/** The CAs that a node trusts, and the certificates of theirs that it has seen. */
export class Trusted {
  readonly #authorities: readonly KeyObject[];
  readonly #seen = new Map<string, Certificate>();

  /** @param authorities public parts; two while one takes the place of the other */
  constructor(authorities: readonly KeyObject[]) {
    this.#authorities = authorities;
  }

  /** What the certificate says; undefined when no trusted CA has signed it, or it is not good now. */
  certificate(text: string, now = Date.now()): Certificate | undefined {
    const certificate = this.#seen.get(text) ?? this.#read(text);
    if (!certificate || now < certificate.from - CLOCKS_APART_MS || now > certificate.until) return undefined;
    return certificate;
  }

  #read(text: string): Certificate | undefined {
    if (text.length > MAX_LENGTH) return undefined;
    const [payload = "", signature = ""] = text.split(".");
    const [signed, given] = [Buffer.from(CONTEXT + payload), Buffer.from(signature, "base64url")];
    if (!this.#authorities.some((ca) => verify(null, signed, ca, given))) return undefined;
    const { key, ...said } = JSON.parse(Buffer.from(payload, "base64url").toString()) as Payload;
    const certificate = { ...said, key: publicKeyFrom({ kty: "OKP", crv: "Ed25519", x: key }) };
    if (this.#seen.size >= MAX_REMEMBERED) this.#seen.clear();
    this.#seen.set(text, certificate);
    return certificate;
  }
}

/** A public key from its JWK. */
export const publicKeyFrom = (jwk: JsonWebKey): KeyObject => createPublicKey({ key: jwk, format: "jwk" });
