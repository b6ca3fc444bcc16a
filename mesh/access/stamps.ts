/**
 * Stamps: an identity, signed, as it goes along with every call in the field `as` of its meta. A service believes a stamp and nothing else;
 * a plain field of the meta says nothing.
 *
 * They are signed by HMAC-SHA-256 with a key that all nodes of a mesh have. A stamp lives a minute: what is told of a person cannot be older.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Identity } from "./identity.ts";

/** A stamp is good for so long, milliseconds. */
export const STAMP_LIFE_MS = 60_000;
/** Clocks of two machines may be so far apart, milliseconds. */
const CLOCKS_APART_MS = 5_000;
/** Stamps that are remembered as good: each is verified once. A hospital has fewer people at work in a minute. */
const MAX_REMEMBERED = 10_000;
/** Longer ones are none of ours. */
const MAX_LENGTH = 8_192;

interface Claims extends Identity {
  /** Milliseconds since 1970. */
  until: number;
}

/** Makes and verifies stamps with one key. */
export class Stamps {
  readonly #key: Buffer;
  readonly #good = new Map<string, Claims>();

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** @returns a stamp that is good for a minute, in characters that any header may hold */
  make(identity: Identity, now = Date.now()): string {
    const text = Buffer.from(JSON.stringify({ ...identity, until: now + STAMP_LIFE_MS })).toString("base64url");
    return `${text}.${this.#sign(text)}`;
  }

  /** Who the stamp names; undefined when it is forged, spoilt, or too old. */
  verify(stamp: unknown, now = Date.now()): Identity | undefined {
    if (typeof stamp !== "string" || stamp.length > MAX_LENGTH) return undefined;
    const claims = this.#good.get(stamp) ?? this.#read(stamp);
    if (!claims) return undefined;
    const isInTime = claims.until > now && claims.until <= now + STAMP_LIFE_MS + CLOCKS_APART_MS;
    return isInTime ? claims : undefined;
  }

  #read(stamp: string): Claims | undefined {
    const dot = stamp.indexOf(".");
    const text = stamp.slice(0, dot);
    const given = Buffer.from(stamp.slice(dot + 1));
    const right = Buffer.from(this.#sign(text));
    if (dot < 0 || given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    const claims = JSON.parse(Buffer.from(text, "base64url").toString()) as Claims;
    for (const oldest of this.#good.keys()) {
      if (this.#good.size < MAX_REMEMBERED) break;
      this.#good.delete(oldest);
    }
    this.#good.set(stamp, claims);
    return claims;
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url");
  }
}
