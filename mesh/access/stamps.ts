/**
 * Stamps: an identity, signed, as it goes along with every call in the field `as` of its meta. A service believes a stamp and nothing else;
 * a plain field of the meta says nothing.
 *
 * They are signed by HMAC-SHA-256 with a key that all nodes of a mesh have. A stamp lives a minute, by the clock of who looks at it from the
 * first time on: clocks of a hospital's machines may be minutes apart, and the ward must not stop for that.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Identity } from "./identity.ts";

/** A stamp is good for so long, milliseconds. */
export const STAMP_LIFE_MS = 60_000;
/** Clocks of two machines may be so far apart, milliseconds. */
const CLOCKS_APART_MS = 300_000;
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
  /** Whose signature is right, and until when they are good here. */
  readonly #good = new Map<string, { claims: Claims; until: number }>();

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
    const known = this.#good.get(stamp) ?? this.#read(stamp, now);
    return known && known.until > now ? known.claims : undefined;
  }

  #read(stamp: string, now: number): { claims: Claims; until: number } | undefined {
    const dot = stamp.indexOf(".");
    const text = stamp.slice(0, dot);
    const given = Buffer.from(stamp.slice(dot + 1));
    const right = Buffer.from(this.#sign(text));
    if (dot < 0 || given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    const claims = JSON.parse(Buffer.from(text, "base64url").toString()) as Claims;
    if (Math.abs(claims.until - STAMP_LIFE_MS - now) > CLOCKS_APART_MS) return undefined;
    for (const oldest of this.#good.keys()) {
      if (this.#good.size < MAX_REMEMBERED) break;
      this.#good.delete(oldest);
    }
    const known = { claims, until: now + STAMP_LIFE_MS };
    this.#good.set(stamp, known);
    return known;
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url");
  }
}
