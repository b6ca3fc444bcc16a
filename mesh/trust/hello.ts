/**
 * How a node introduces itself: by a key of its present start (X25519, RFC 7748), signed by the key of its service. Its id ends with the
 * fingerprint of that key, so that no other node can use the id.
 */
import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { type Certificate, publicKeyFrom, publicText, type Signer, type Trusted } from "./certificate.ts";
import { makeStatement, readStatement } from "./statement.ts";

/** 64 bits in hexadecimal: another key with the same fingerprint cannot be found during the life of a process. */
const FINGERPRINT_CHARACTERS = 16;
const KIND = "hello";

/** This node's own keys. */
export interface OwnNode {
  id: string;
  sessionKey: KeyObject;
  signer: Signer;
  /** Its introduction. */
  hello: string;
}

/** A node that has introduced itself. */
export interface Introduced {
  id: string;
  sessionKey: KeyObject;
  certificate: Certificate;
}

interface Claims {
  node: string;
  key: string;
}

const fingerprint = (key: string) => createHash("sha256").update(key).digest("hex").slice(0, FINGERPRINT_CHARACTERS);

/** @param name beginning of the id, for people */
export function newNode(name: string, signer: Signer): OwnNode {
  const { privateKey: sessionKey, publicKey } = generateKeyPairSync("x25519");
  const key = publicText(publicKey);
  const id = `${name}-${fingerprint(key)}`;
  return { id, sessionKey, signer, hello: makeStatement(KIND, { node: id, key } satisfies Claims, signer) };
}

/** @returns undefined for an invalid hello, or one whose id does not match */
export function readHello(text: string, trusted: Trusted, now = Date.now()): Introduced | undefined {
  const statement = readStatement<Claims>(KIND, text, trusted, now);
  if (!statement) return undefined;
  const { node, key } = statement.claims;
  if (!node.endsWith(`-${fingerprint(key)}`)) return undefined;
  return { id: node, sessionKey: publicKeyFrom({ kty: "OKP", crv: "X25519", x: key }), certificate: statement.signer };
}
