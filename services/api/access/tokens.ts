/**
 * Access tokens of this mesh's own provider (RFC 9068, ES256): verified once, then cached by their hash until they expire or `identity` ends
 * them.
 */
import { hash } from "node:crypto";
import { createLocalJWKSet, errors, jwtVerify, type JWTPayload } from "jose";
import { Errors } from "moleculer";
import type { Caller } from "../../../mesh/caller.ts";
import { meshTime } from "../../../mesh/mesh-time.ts";
import { CLOCKS_APART_MS } from "../../../mesh/trust/certificate.ts";
import { type Identity, isRoleOfPeople } from "../../../mesh/access/identity.ts";
import { ACCESS_TOKEN_S, type Ended, identity } from "../../identity/identity.contract.ts";

/** Cached tokens: more than a hospital has people and apps active within ten minutes. */
const MAX_REMEMBERED = 20_000;
/** Limit of ended accounts, grants, tokens and clients; they are kept for longer than a token is valid. */
const MAX_ENDED = 50_000;
/** Least time between two requests for keys, whatever tokens are presented, milliseconds. */
const ASK_KEYS_EVERY_MS = 5_000;
/** Interval at which missed notifications are asked for, milliseconds. */
const CATCH_UP_MS = 10_000;
/** Notifications carry the sender's clock: those since so long ago are asked for, milliseconds. */
const LOOK_BACK_MS = CATCH_UP_MS + CLOCKS_APART_MS;
/** How far ahead the clock of a token's issuer may be, seconds. */
const CLOCKS_APART_S = 5;
/** Longest token that is accepted. */
const MAX_LENGTH = 8_192;

/** A valid token. */
export interface GoodToken {
  identity: Identity;
  /** Milliseconds since 1970. */
  issuedAt: number;
  until: number;
  /** For a person: signed in without a second factor, though roles may require one. */
  lacksSecondFactor: boolean;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;
/** Used until the keys have been received. */
const NO_KEYS = createLocalJWKSet({ keys: [] });

/** Verifies access tokens, and caches which are valid and which have ended. */
export class TokenCheck {
  readonly #caller: Caller;
  readonly #origin: () => string;
  readonly #good = new Map<string, GoodToken>();
  #last = { token: "", name: "" };
  /** Until when tokens of an ended account, grant, token or client (`sub account-1`) are invalid by their time of issue, milliseconds since 1970. */
  readonly #ended = new Map<string, number>();
  #keys: KeySet | undefined;
  /** When the signing keys were last replaced, milliseconds since 1970. */
  #keysEndedAt = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  /** @param origin under which clients know this gateway: tokens must be for it, and from its `/auth` */
  constructor(caller: Caller, origin: () => string) {
    this.#caller = caller;
    this.#origin = origin;
  }

  /** @throws 401 INVALID_TOKEN; 503 when the keys cannot be retrieved */
  async read(token: string): Promise<GoodToken> {
    if (token.length > MAX_LENGTH) throw invalidToken("unreadable");
    const name = this.#nameOf(token);
    const good = this.#good.get(name) ?? (await this.#verified(token, name));
    if (good.until <= meshTime.earliest() || this.#hasEnded(good)) {
      this.#good.delete(name);
      throw invalidToken(this.#hasEnded(good) ? "ended" : "expired", good);
    }
    return good;
  }

  /** The hash of a token, which is asked for twice by each request. */
  #nameOf(token: string): string {
    if (this.#last.token !== token) this.#last = { token, name: hash("sha256", token, "binary") };
    return this.#last.name;
  }

  /** The token if it was found valid before and still is; otherwise undefined. */
  known(token: string): GoodToken | undefined {
    const good = token.length > MAX_LENGTH ? undefined : this.#good.get(this.#nameOf(token));
    return good && good.until > meshTime.earliest() && !this.#hasEnded(good) ? good : undefined;
  }

  /** Handles a notification from `identity`. */
  noteEnded({ sub, sid, jti, clientId, keys, at }: Ended): void {
    if (keys && at > this.#keysEndedAt) {
      this.#keysEndedAt = at;
      this.#keys = undefined;
      this.#good.clear();
    }
    const note = (name: string, until: number) => {
      const before = this.#ended.get(name) ?? 0;
      this.#ended.delete(name); // so that the most recent one is dropped last
      this.#ended.set(name, Math.max(until, before));
    };
    if (jti !== undefined) note(`jti ${jti}`, Number.POSITIVE_INFINITY);
    else if (sid !== undefined) note(`sid ${sid}`, Number.POSITIVE_INFINITY);
    else if (sub !== undefined) note(`sub ${sub}`, at);
    else if (clientId !== undefined) note(`client ${clientId}`, at);
    dropOldest(this.#ended, MAX_ENDED);
  }

  /** Also retrieves the notifications that were missed while this gateway was not running, or cut off. @returns a function that stops it */
  catchUp(): () => void {
    let from = meshTime.now() - ACCESS_TOKEN_S * 1_000 - CLOCKS_APART_MS;
    const ask = async () => {
      const at = meshTime.now();
      for (const ended of await identity.endedSince(this.#caller, { at: from })) this.noteEnded(ended);
      from = at - LOOK_BACK_MS;
    };
    // While identity cannot be reached nothing is learnt, and the next request asks for all that time.
    const timer = setInterval(() => ask().catch(() => {}), CATCH_UP_MS).unref();
    void ask().catch(() => {});
    return () => clearInterval(timer);
  }

  async #verified(token: string, name: string): Promise<GoodToken> {
    const keysEndedAt = this.#keysEndedAt;
    const payload = await this.#payloadOf(token);
    if (keysEndedAt !== this.#keysEndedAt) return this.#verified(token, name);
    const good = goodOf(payload);
    this.#good.set(name, good);
    dropOldest(this.#good, MAX_REMEMBERED);
    return good;
  }

  async #payloadOf(token: string): Promise<JWTPayload> {
    const audience = this.#origin();
    const always = { issuer: `${audience}/auth`, audience, algorithms: ["ES256"], typ: "at+jwt", clockTolerance: CLOCKS_APART_S };
    const wanted = { ...always, currentDate: new Date(meshTime.earliest()) };
    while (!this.#keys) await this.#askKeys();
    for (let isLast = false; ; isLast = true) {
      try {
        return (await jwtVerify(token, this.#keys ?? NO_KEYS, wanted)).payload;
      } catch (error) {
        // An unknown key may be a new one.
        const isUnknown = error instanceof errors.JWKSNoMatchingKey;
        if (error instanceof errors.JWTExpired) throw invalidToken("expired", goodOf(error.payload));
        if (!isUnknown || isLast || performance.now() - this.#askedAt < ASK_KEYS_EVERY_MS) throw invalidToken("forged");
        await this.#askKeys();
      }
    }
  }

  #askKeys(): Promise<void> {
    const keysEndedAt = this.#keysEndedAt;
    this.#asking ??= identity
      .keys(this.#caller, {})
      .then(({ keys }) => {
        if (keysEndedAt !== this.#keysEndedAt) return; // they may be the old ones
        this.#keys = createLocalJWKSet({ keys });
        this.#askedAt = performance.now();
      })
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  #hasEnded({ identity: { sub, sid, jti, client }, issuedAt }: GoodToken): boolean {
    if (this.#ended.size === 0) return false;
    return [`jti ${jti}`, `sid ${sid}`, `sub ${sub}`, `client ${client}`].some((name) => issuedAt <= (this.#ended.get(name) ?? -1));
  }
}

/** @throws 401 INVALID_TOKEN for claims that tokens of this provider do not have */
function goodOf({ sub, iat, exp, iat_ms, ...claims }: JWTPayload): GoodToken {
  const { roles, scope, name, fhirUser, client_id: client, patient, sid, jti, amr, for_trying } = claims as Record<string, unknown>;
  const isWhole = typeof sub === "string" && typeof scope === "string" && iat !== undefined && exp !== undefined && areRoles(roles);
  if (!isWhole || sub.startsWith("system:")) throw invalidToken("forged");
  const texts = Object.entries({ name, fhirUser, client, patient, sid, jti }).filter(([, value]) => typeof value === "string");
  return {
    identity: { sub, roles, scope, ...Object.fromEntries(texts) },
    issuedAt: typeof iat_ms === "number" ? iat_ms : iat * 1_000,
    until: exp * 1_000,
    // A program has no grant by a person, and authenticates by its key.
    lacksSecondFactor: sid !== undefined && for_trying !== true && !(Array.isArray(amr) && amr.includes("otp")),
  };
}

const areRoles = (roles: unknown): roles is string[] =>
  Array.isArray(roles) && roles.every((role) => typeof role === "string" && isRoleOfPeople(role));

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= most) return;
    map.delete(oldest);
  }
}

/** Why a token is invalid: unreadable, not from this provider, expired, ended by `identity`, or lacking the second factor that a role requires. */
export type BadTokenReason = "unreadable" | "forged" | "expired" | "ended" | "factor";

interface BadToken {
  why: BadTokenReason;
  /** Whose it was, if it was once valid, and until when. */
  was?: Pick<GoodToken, "identity" | "until">;
}

/** Kept beside the errors: clients do not see it. */
const badTokens = new WeakMap<object, BadToken>();

/** What is known of the token that caused an error, for the audit log. */
export const badTokenOf = (error: unknown): BadToken | undefined => badTokens.get(error as object);

/** The answer to a token that is not valid (any more): the same for every reason. */
export function invalidToken(why: BadTokenReason, was?: BadToken["was"]): Error {
  const error = new Errors.MoleculerClientError(
    "This access token is not valid here, or has expired: sign in again.",
    401,
    "INVALID_TOKEN",
    {
      authenticate: 'Bearer realm="OpenWard", error="invalid_token"',
    },
  );
  badTokens.set(error, { why, ...(was && { was }) });
  return error;
}
