/**
 * A certificate: the statement of the mesh's CA that a key may serve certain services. Signed JSON: `payload.signature`, both in base64url, by
 * Ed25519 (RFC 8032).
 */
import { createPublicKey, type JsonWebKey, type KeyObject, randomBytes, sign, verify } from "node:crypto";

/** The content of a certificate. */
export interface Certificate {
  /** Names of services, `*`: all. */
  serves: string[];
  /** FHIR types that these services may own; absent: any. */
  owns?: string[];
  /** The key's public part. */
  key: KeyObject;
  /** Validity, milliseconds since 1970. */
  from: number;
  until: number;
  serial: string;
}

/** An Ed25519 key with the certificate that is sent along with its signatures. */
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
/** Tolerance of times, milliseconds: clocks of two machines may differ by five minutes, and a message may be under way for half a minute. */
export const CLOCKS_APART_MS = 330_000;
/** Certificates that are cached, so that each is verified once. A mesh has one per service, or one per process. */
const MAX_REMEMBERED = 1_000;
/** Characters of a certificate at most. */
const MAX_LENGTH = 4_096;
/** Context of the CA's signatures, so that they are valid for nothing else. */
const CONTEXT = "openward certificate\0";

/** Whether the certificate names the service. */
export const mayServe = ({ serves }: Certificate, service: string): boolean => serves.includes(service) || serves.includes(ANY_SERVICE);

/** The 32 bytes of an Ed25519 key's public part, in base64url. */
export const publicText = (key: KeyObject): string => key.export({ format: "jwk" }).x ?? "";

/** The rights of a key. */
export type Grant = Pick<Certificate, "serves" | "owns">;

/** @param ca private key of the CA @param key public part of the certified key @param lifeMs validity from now on, milliseconds */
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

/** The CAs that a node trusts, and the certificates by them that it has seen. */
export class Trusted {
  readonly #authorities: readonly KeyObject[];
  readonly #seen = new Map<string, Certificate>();

  /** @param authorities public parts; two during the replacement of a CA */
  constructor(authorities: readonly KeyObject[]) {
    this.#authorities = authorities;
  }

  /** The content of a certificate; undefined if no trusted CA has signed it, or it is not valid now. @param now null: whenever it is valid */
  certificate(text: string, now: number | null = Date.now()): Certificate | undefined {
    const certificate = this.#seen.get(text) ?? this.#read(text);
    if (!certificate) return undefined;
    const isValid = now === null || (now >= certificate.from - CLOCKS_APART_MS && now <= certificate.until);
    return isValid ? certificate : undefined;
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
