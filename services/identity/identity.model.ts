import { createHash, createPublicKey, type JsonWebKey, randomBytes } from "node:crypto";
import type { Document } from "../../store/documents/documents.ts";
import type { Client, Ended, RoleName, User } from "./identity.contract.ts";

// The stored documents, and the rules over them: plain data in, plain data out.

/** Curves of ES256 and ES384, as Node names them. */
const CURVES = new Set(["prime256v1", "secp384r1"]);
/** Verifiers must refuse shorter RSA keys (RFC 7518, 3.3). */
const MIN_RSA_BITS = 2_048;

/** An account as stored. */
export interface StoredAccount extends Document {
  login: string;
  name: string;
  /** Version of the last change of roles, practitioner or closing; absent: none since accounts have versions. */
  version?: number;
  roles: RoleName[];
  /** Whether `roles` contains administrator: arrays cannot be queried. */
  isAdministrator: boolean;
  practitioner?: string;
  /** PHC string of argon2id. */
  password?: string;
  /** Base32; absent while there is no second factor. */
  totpSecret?: string;
  /** Time step of the last code used: each code is valid once. */
  totpStep?: number;
  /** A trial account, without second factor. */
  isForTrying?: true;
  createdAt: number; // milliseconds since 1970
  closedAt?: number; // milliseconds since 1970
}

/** A client as stored. */
export interface StoredClient extends Document, Omit<Client, "id" | "createdAt"> {
  createdAt: number; // milliseconds since 1970
}

/** An object of `oidc-provider`: session, grant, code, token, interaction. Ids are hashes, of no use to readers of the store. */
export interface StoredArtifact extends Document {
  model: string;
  /** JSON, without the id. */
  payload: string;
  grantId?: string;
  uid?: string;
  accountId?: string;
  clientId?: string;
  sessionUid?: string;
  consumedAt?: number; // milliseconds since 1970
  expiresAt: number; // milliseconds since 1970
}

/** A secret that can be used once, stored as its hash: a password link, an EHR launch, a recovery code. */
export interface StoredTicket extends Document {
  account: string;
  /** Absent: as long as the account. */
  expiresAt?: number; // milliseconds since 1970
}

/** A sign-in with a correct password that still needs the second factor. */
export interface StoredHalfway extends StoredTicket {
  /** The key of an authenticator app that is being set up. */
  totpSecret?: string;
  /** The app was set up during this sign-in, with a correct code. */
  isProven?: true;
}

/** A link that sets a password. */
export interface StoredLink extends StoredTicket {
  /** "first": valid only while the account has no password. */
  kind: "first" | "reset";
}

/** A prepared EHR launch. */
export interface StoredLaunch extends StoredTicket {
  client: string;
  patient: string;
  encounter?: string;
}

/** What a grant is bound to. */
export interface StoredContext extends Document {
  patient?: string;
  encounter?: string;
  expiresAt: number; // milliseconds since 1970
}

/** Failed attempts to sign in. */
export interface StoredFailures extends Document {
  count: number;
  /** Time before which no further attempt is checked, milliseconds since 1970. */
  next: number;
  expiresAt: number; // milliseconds since 1970
}

/** A notification as stored. */
export interface StoredEnded extends Document, Omit<Ended, "id"> {
  expiresAt: number; // milliseconds since 1970
}

/** The stored form of secrets that are too long to be guessed. */
export const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("base64url");

/** A secret of 256 bits, for a link or a cookie. */
export const newSecret = (): string => randomBytes(32).toString("base64url");

/** An account without its secrets. */
export function userOf(account: StoredAccount): User {
  const { _id, version = 0, login, name, roles, practitioner, password, totpSecret, isForTrying, createdAt, closedAt } = account;
  return {
    id: _id,
    version,
    login,
    name,
    roles,
    ...(practitioner !== undefined && { practitioner }),
    hasPassword: password !== undefined,
    hasTotp: totpSecret !== undefined,
    ...(isForTrying && { isForTrying }),
    createdAt: new Date(createdAt).toISOString(),
    ...(closedAt !== undefined && { closedAt: new Date(closedAt).toISOString() }),
  };
}

/** A client as others may see it. */
export function clientOf({ _id, createdAt, ...client }: StoredClient): Client {
  return { id: _id, ...client, createdAt: new Date(createdAt).toISOString() };
}

/** A notification as sent to gateways. */
export function endedOf({ _id, sub, sid, jti, clientId, keys, at }: StoredEnded): Ended {
  return {
    id: _id,
    ...(sub !== undefined && { sub }),
    ...(sid !== undefined && { sid }),
    ...(jti !== undefined && { jti }),
    ...(clientId !== undefined && { clientId }),
    ...(keys && { keys }),
    at,
  };
}

/** Normalizes login names, which are equal in any case and with any surrounding spaces. */
export const loginOf = (typed: string): string => typed.normalize("NFKC").trim().toLowerCase();

/** Whether a password is acceptable: its length counts, without rules about characters (NIST SP 800-63B-4, 3.1.1). */
export const isPassword = (password: string, login: string): boolean =>
  [...password].length >= 12 && [...password].length <= 256 && loginOf(password) !== login;

/** Why the properties of a client are not acceptable; undefined if they are. */
export function clientFault(client: Omit<StoredClient, "_id" | "createdAt">): string | undefined {
  const { kind, redirectUris, postLogoutRedirectUris, backchannelLogoutUri, jwks, jwksUri, roles, scope } = client;
  if (scope === "") return "scope must name what the client may ask for: without a scope it gets no token.";
  const hasKeys = jwks !== undefined || jwksUri !== undefined;
  if (kind === "public" && hasKeys) return "A public client has no keys: name it confidential.";
  if (kind !== "public" && !hasKeys) return "A confidential or backend client signs its assertions: give jwks or jwksUri.";
  if (kind === "backend" && redirectUris.length > 0) return "A backend client has nobody who could be redirected: leave redirectUris out.";
  if (kind !== "backend" && redirectUris.length === 0) return "redirectUris must name where a code may be sent.";
  if (kind === "backend" && roles.length === 0) return "A backend client has the rights of its roles: name at least one.";
  if (kind !== "backend" && roles.length > 0) return "A client that people use has their rights: roles are for backend clients.";
  if (kind === "backend" && /(^| )(?!system\/)/.test(scope)) return "A backend client asks for system/… scopes only.";
  if (kind !== "backend" && /(^| )system\//.test(scope)) return "system/… scopes are for backend clients.";
  if ([...redirectUris, ...postLogoutRedirectUris].some((uri) => !isRedirectUri(uri))) {
    return "redirectUris and postLogoutRedirectUris must be https, http on a loopback address, or an app's own scheme with a dot.";
  }
  if ([backchannelLogoutUri, jwksUri].some((uri) => uri !== undefined && !isEncryptedOrHere(URL.parse(uri)))) {
    return "backchannelLogoutUri and jwksUri must be https, or http on a loopback address, without a name or password.";
  }
  if (jwks?.keys.some((key) => "d" in key || "k" in key)) return "jwks must hold public keys only.";
  if (jwks?.keys.some((key) => !canSignAssertions(key))) return "jwks must hold keys for ES256, ES384 or RS384: P-256, P-384, RSA.";
  return undefined;
}

/** Whether assertions signed with the key can be verified: by one of the algorithms accepted from clients. */
function canSignAssertions(key: Record<string, unknown>): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({ key: key as JsonWebKey, format: "jwk" });
    if (asymmetricKeyType === "rsa") return (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
    return asymmetricKeyType === "ec" && CURVES.has(asymmetricKeyDetails?.namedCurve ?? "");
  } catch {
    return false; // not a key
  }
}

/** Whether a code may be sent there: encrypted, on this machine, or to an app (RFC 8252, 7). */
function isRedirectUri(text: string): boolean {
  const url = URL.parse(text);
  if (url?.hash !== "" || url.username !== "" || text.includes("*")) return false;
  return isEncryptedOrHere(url) || (!/^https?:$/.test(url.protocol) && url.protocol.includes("."));
}

/** Whether what is sent there is encrypted, or does not leave this machine. */
function isEncryptedOrHere(url: URL | null): boolean {
  if (url?.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname));
}
