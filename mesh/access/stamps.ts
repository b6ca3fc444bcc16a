/**
 * Stamps: an identity, signed, as it goes along with every call in the field `as` of its meta. A service believes a stamp and nothing else;
 * a plain field of the meta says nothing.
 *
 * They are signed by the key of the service that makes them, and believed as far as its certificate reaches (mesh/trust/vouching.ts). A
 * stamp lives a minute from the first time on that a node looks at it, by a clock that nobody sets: clocks of a hospital's machines may be
 * minutes apart, or be put right in the middle of a request, and the ward must not stop for that.
 */
import { CLOCKS_APART_MS } from "../trust/certificate.ts";
import type { MeshKeys } from "../trust/key-files.ts";
import { makeStatement, readStatement } from "../trust/statement.ts";
import { mayClaimWork, mayVouchForPeople } from "../trust/vouching.ts";
import { type Identity, isRoleOfPeople, isSystem, systemIdentity, workOf } from "./identity.ts";

/** Lifetime of a stamp, milliseconds. */
export const STAMP_LIFE_MS = 60_000;
/** Stamps that are remembered as good: each is verified once. A hospital has fewer people at work in a minute. */
const MAX_REMEMBERED = 10_000;
/** What stands in another stamp has been on its way for longer, by so much at most. Milliseconds. */
const INNER_AGE_MS = 2 * STAMP_LIFE_MS;
const KIND = "stamp";

/** What is signed: of the mesh's own work `for` is the person's stamp. */
interface Claims extends Omit<Identity, "for"> {
  for?: string;
  /** Milliseconds since 1970. */
  until: number;
}

interface Remembered {
  identity: Identity;
  /** The stamp that names the person who stands behind it. */
  person: string | undefined;
  /** By performance.now(). */
  until: number;
}

/** Makes and verifies stamps. */
export class Stamps {
  readonly #keys: MeshKeys;
  /** Whose signature is right, and until when they are good here. */
  readonly #good = new Map<string, Remembered>();

  constructor(keys: MeshKeys) {
    this.#keys = keys;
  }

  /** @returns a stamp that is good for a minute, in characters that any header may hold */
  make({ for: _, ...identity }: Identity, now = Date.now(), person?: string): string {
    const claims: Claims = { ...identity, ...(person !== undefined && { for: person }), until: now + STAMP_LIFE_MS };
    return makeStatement(KIND, claims, this.#keys.signer);
  }

  /** Who the stamp names; undefined when it is forged, spoilt, or too old. */
  verify(stamp: unknown, now = Date.now()): Identity | undefined {
    return this.#remembered(stamp, now)?.identity;
  }

  /** The stamp of the person that stands behind this one; undefined where nobody does. */
  personBehind(stamp: unknown, now = Date.now()): string | undefined {
    return this.#remembered(stamp, now)?.person;
  }

  #remembered(stamp: unknown, now: number): Remembered | undefined {
    if (typeof stamp !== "string") return undefined;
    const known = this.#good.get(stamp) ?? this.#read(stamp, now, 0);
    return known && known.until > performance.now() ? known : undefined;
  }

  /** @param older by so much it may be older than one that comes by itself */
  #read(stamp: string, now: number, older: number): Remembered | undefined {
    const statement = readStatement<Claims>(KIND, stamp, this.#keys.trusted, now);
    if (!statement) return undefined;
    const { until, for: person, ...said } = statement.claims;
    if (typeof said.sub !== "string" || !Array.isArray(said.roles)) return undefined;
    // It may serve for its whole minute before this node sees it.
    const age = now - (until - STAMP_LIFE_MS);
    if (age > CLOCKS_APART_MS + STAMP_LIFE_MS + older || age < -CLOCKS_APART_MS) return undefined;
    const goodUntil = performance.now() + STAMP_LIFE_MS;
    if (!isSystem(said)) {
      if (!mayVouchForPeople(statement.signer) || person !== undefined || !said.roles.every(isRoleOfPeople)) return undefined;
      return this.#remember(older > 0 ? `for ${stamp}` : stamp, { identity: said, person: stamp, until: goodUntil });
    }
    const work = workOf(said);
    if (older > 0 || !mayClaimWork(statement.signer, work)) return undefined;
    const behind = person === undefined ? undefined : this.#personIn(person, now);
    if (person !== undefined && !behind) return undefined;
    const identity = { ...systemIdentity(work), ...(behind && { for: behind }) };
    return this.#remember(stamp, { identity, person, until: goodUntil });
  }

  /** It gives no right; only who it is counts. So it may be past its minute here, as the stamp around it was made later. */
  #personIn(stamp: string, now: number): Identity | undefined {
    const known = this.#good.get(stamp) ?? this.#good.get(`for ${stamp}`) ?? this.#read(stamp, now, INNER_AGE_MS);
    return known && !isSystem(known.identity) ? known.identity : undefined;
  }

  #remember(stamp: string, remembered: Remembered): Remembered {
    for (const oldest of this.#good.keys()) {
      if (this.#good.size < MAX_REMEMBERED) break;
      this.#good.delete(oldest);
    }
    this.#good.set(stamp, remembered);
    return remembered;
  }
}
