/**
 * Access tokens of this mesh's own provider (RFC 9068, ES256): verified once, then remembered by their hash until they end: by their time, or
 * because `identity` says so.
 */
import { hash } from "node:crypto";
import { createLocalJWKSet, errors, jwtVerify, type JWTPayload } from "jose";
import { Errors } from "moleculer";
import type { Caller } from "../../../mesh/caller.ts";
import { CLOCKS_APART_MS } from "../../../mesh/trust/certificate.ts";
import { type Identity, isRoleOfPeople } from "../../../mesh/access/identity.ts";
import { ACCESS_TOKEN_S, type Ended, identity } from "../../identity/identity.contract.ts";

/** Tokens that are remembered: more than a hospital has people and apps at work in ten minutes. */
const MAX_REMEMBERED = 20_000;
/** What has ended is remembered longer than a token lives. */
const MAX_ENDED = 50_000;
/** Least time between two questions for keys, whatever tokens come, milliseconds. */
const ASK_KEYS_EVERY_MS = 5_000;
/** Interval at which missed news are asked for, milliseconds. */
const CATCH_UP_MS = 10_000;
/** News are of the clock of who tells them: asked for since so long before, milliseconds. */
const LOOK_BACK_MS = CATCH_UP_MS + CLOCKS_APART_MS;
/** A token may have been issued by a clock that is ahead so far, seconds. */
const CLOCKS_APART_S = 5;
/** Longer ones are none of ours. */
const MAX_LENGTH = 8_192;

/** A token that was found good. */
export interface GoodToken {
  identity: Identity;
  /** Milliseconds since 1970. */
  issuedAt: number;
  until: number;
  /** Of a person who has signed in without a second factor, by an account that may have to have one. */
  lacksSecondFactor: boolean;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;
/** While others are asked for. */
const NO_KEYS = createLocalJWKSet({ keys: [] });

/** Verifies access tokens, and remembers which are good and which have ended. */
export class TokenCheck {
  readonly #caller: Caller;
  readonly #origin: () => string;
  readonly #good = new Map<string, GoodToken>();
  /** By what has ended, `sub account-1`: until when what was issued for it is void, milliseconds since 1970. */
  readonly #ended = new Map<string, number>();
  #keys: KeySet | undefined;
  /** When keys were last told to be none any more, milliseconds since 1970. */
  #keysEndedAt = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  /** @param origin under which clients know this gateway: tokens are for it, and from its `/auth` */
  constructor(caller: Caller, origin: () => string) {
    this.#caller = caller;
    this.#origin = origin;
  }

  /** @throws 401 INVALID_TOKEN; 503 when the keys cannot be asked for */
  async read(token: string): Promise<GoodToken> {
    if (token.length > MAX_LENGTH) throw invalidToken("unreadable");
    const name = hash("sha256", token, "binary");
    const good = this.#good.get(name) ?? (await this.#verified(token, name));
    if (good.until <= Date.now() || this.#hasEnded(good)) {
      this.#good.delete(name);
      throw invalidToken(this.#hasEnded(good) ? "ended" : "expired", good);
    }
    return good;
  }

  /** The same of a token that was found good before, and is still; undefined of any other. */
  known(token: string): GoodToken | undefined {
    const good = token.length > MAX_LENGTH ? undefined : this.#good.get(hash("sha256", token, "binary"));
    return good && good.until > Date.now() && !this.#hasEnded(good) ? good : undefined;
  }

  /** What `identity` has told of. */
  noteEnded({ sub, sid, jti, clientId, keys, at }: Ended): void {
    if (keys && at > this.#keysEndedAt) {
      this.#keysEndedAt = at;
      this.#keys = undefined;
      this.#good.clear();
    }
    const note = (name: string, until: number) => {
      const before = this.#ended.get(name) ?? 0;
      this.#ended.delete(name); // what was told last is dropped last
      this.#ended.set(name, Math.max(until, before));
    };
    if (jti !== undefined) note(`jti ${jti}`, Number.POSITIVE_INFINITY);
    else if (sid !== undefined) note(`sid ${sid}`, Number.POSITIVE_INFINITY);
    else if (sub !== undefined) note(`sub ${sub}`, at);
    else if (clientId !== undefined) note(`client ${clientId}`, at);
    dropOldest(this.#ended, MAX_ENDED);
  }

  /** Hears also what was missed while this gateway was not there, or cut off. Ends with the function that it gives. */
  catchUp(): () => void {
    let from = Date.now() - ACCESS_TOKEN_S * 1_000 - CLOCKS_APART_MS;
    const ask = async () => {
      const at = Date.now();
      for (const ended of await identity.endedSince(this.#caller, { at: from })) this.noteEnded(ended);
      from = at - LOOK_BACK_MS;
    };
    // Where identity cannot be reached nothing ends, and the next question is for all that time.
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
    const wanted = { issuer: `${audience}/auth`, audience, algorithms: ["ES256"], typ: "at+jwt", clockTolerance: CLOCKS_APART_S };
    while (!this.#keys) await this.#askKeys();
    for (let isLast = false; ; isLast = true) {
      try {
        return (await jwtVerify(token, this.#keys ?? NO_KEYS, wanted)).payload;
      } catch (error) {
        // A key that is not known yet may be a new one.
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
        if (keysEndedAt !== this.#keysEndedAt) return; // those of before, perhaps
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

/** @throws 401 INVALID_TOKEN for claims that none of our tokens has */
function goodOf({ sub, iat, exp, iat_ms, ...claims }: JWTPayload): GoodToken {
  const { roles, scope, name, fhirUser, client_id: client, patient, sid, jti, amr, for_trying } = claims as Record<string, unknown>;
  const isWhole = typeof sub === "string" && typeof scope === "string" && iat !== undefined && exp !== undefined && areRoles(roles);
  if (!isWhole || sub.startsWith("system:")) throw invalidToken("forged");
  const texts = Object.entries({ name, fhirUser, client, patient, sid, jti }).filter(([, value]) => typeof value === "string");
  return {
    identity: { sub, roles, scope, ...Object.fromEntries(texts) },
    issuedAt: typeof iat_ms === "number" ? iat_ms : iat * 1_000,
    until: exp * 1_000,
    // A program has no grant of a person, and proves itself by its key.
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

/** Why a token is not good: it is none of ours, it has ended by its time, or by a word of `identity`; who has it lacks the factor that a role wants. */
export type BadTokenReason = "unreadable" | "forged" | "expired" | "ended" | "factor";

interface BadToken {
  why: BadTokenReason;
  /** Whose it was, where it was once good, and until when. */
  was?: Pick<GoodToken, "identity" | "until">;
}

/** Beside the errors: clients hear nothing of it. */
const badTokens = new WeakMap<object, BadToken>();

/** What is known of the token behind an error, for the record. */
export const badTokenOf = (error: unknown): BadToken | undefined => badTokens.get(error as object);

/** The answer to a token that is none of ours, or no more: the same for every reason. */
export function invalidToken(why: BadTokenReason, was?: BadToken["was"]): Error {
  const error = new Errors.MoleculerClientError("This access token is not valid here, or no more: sign in again.", 401, "INVALID_TOKEN", {
    authenticate: 'Bearer realm="OpenWard", error="invalid_token"',
  });
  badTokens.set(error, { why, ...(was && { was }) });
  return error;
}
