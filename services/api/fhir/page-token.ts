/**
 * Opaque tokens for page links. A token contains what the next page needs, encrypted and bound to the place that it was made for: it survives
 * restarts and works at other gateways, does not reveal what was searched for, does not work for another query, and cannot be forged. It is valid
 * for an hour, and short: long criteria are stored here (page-criteria.ts), and the token names them.
 */
import { createHmac, createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { fhirError } from "../../../fhir/outcome.ts";

const LIFETIME_MS = 3_600_000;
/** Characters; with its URL it is shorter than what any proxy accepts (8 kB). */
const MAX_TOKEN = 4_000;
/** Members of a content with longer JSON are stored here, if the token would be too long. Characters. */
const LONG_MEMBER = 500;
/** Upper limit of the unpacked content of a token. Bytes. */
const MAX_CONTENT_BYTES = 8 * 1024 * 1024;

const NONCE = 12; // bytes, as GCM requires
const TAG = 16; // bytes
const TIME = 6; // bytes, of the time of expiry

/** Stores long members of contents for as long as tokens may name them. */
export interface KeptCriteria {
  /** Durable when it resolves. @param name unique to this value */
  put(name: string, value: string, expiresAt: number): Promise<void>;
  get(name: string): Promise<string | undefined>;
}

let key: Buffer = randomBytes(32);
let criteria: KeptCriteria | undefined;

/** Sets the key of this process, and the store of long criteria; all gateways of a mesh have the same. Before that the key is random. */
export function sealPageLinksWith(secret: Buffer, store?: KeptCriteria): void {
  key = secret;
  criteria = store;
}

/** @param content JSON of an object @param place what the token is bound to, e.g. the search's type */
export async function packToken(place: string, content: object): Promise<string> {
  const now = Date.now();
  const token = sealed(place, JSON.stringify(content), now + LIFETIME_MS);
  if (token.length <= MAX_TOKEN || !criteria) return token;
  // Pages of one search that are requested in the same hour share the stored values.
  const hour = Math.floor(now / LIFETIME_MS);
  const kept = await Promise.all(
    Object.entries(content).map(async ([name, value]) => {
      const text = JSON.stringify(value) ?? "";
      if (text.length <= LONG_MEMBER) return [name, value];
      const address = createHmac("sha256", key).update(`${hour}\n${place}\n${text}`).digest("base64url");
      const expiresAt = (hour + 2) * LIFETIME_MS;
      await criteria?.put(address, sealed(address, text, expiresAt), expiresAt);
      return [name, { kept: address }];
    }),
  );
  return sealed(place, JSON.stringify(Object.fromEntries(kept)), now + LIFETIME_MS);
}

/** @throws FhirError 400 for a token that was not made here, or for another place; 410 after an hour */
export async function unpackToken<Content>(token: string, place: string): Promise<Content> {
  const content = JSON.parse(opened(place, token)) as Record<string, unknown>;
  for (const [name, value] of Object.entries(content)) {
    const { kept } = (value ?? {}) as { kept?: unknown };
    if (typeof kept !== "string") continue;
    const found = await criteria?.get(kept);
    if (found === undefined) throw expired();
    content[name] = JSON.parse(opened(kept, found));
  }
  return content as Content;
}

function sealed(place: string, text: string, expiresAt: number): string {
  const plain = deflateRawSync(text);
  const time = Buffer.alloc(TIME);
  time.writeUIntBE(expiresAt, 0, TIME);
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place));
  return Buffer.concat([nonce, cipher.update(time), cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

function opened(place: string, token: string): string {
  const bytes = Buffer.from(token, "base64url");
  // Only one spelling of each token is accepted: Node's decoder ignores some characters.
  if (bytes.length < NONCE + TIME + TAG || bytes.toString("base64url") !== token) throw foreign();
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE), { authTagLength: TAG }).setAAD(Buffer.from(place));
  decipher.setAuthTag(bytes.subarray(-TAG));
  let plain: Buffer;
  try {
    plain = Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]);
  } catch {
    throw foreign();
  }
  if (plain.readUIntBE(0, TIME) < Date.now()) throw expired();
  return inflateRawSync(plain.subarray(TIME), { maxOutputLength: MAX_CONTENT_BYTES }).toString();
}

const foreign = () => fhirError(400, "invalid", "This page link is not one of this server's: start again from the first page.", "_page");
const expired = () => fhirError(410, "expired", "This page link is older than an hour: start again from the first page.", "_page");
