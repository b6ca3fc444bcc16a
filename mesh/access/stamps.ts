/**
 * Stamps: signed identities, which every call carries in the field `as` of its meta. A service trusts stamps only, never
 * plain fields of the meta.
 *
 * They are signed by the key of the service that makes them, and trusted as far as its certificate permits (mesh/trust/vouching.ts). A
 * stamp is valid for a minute from the time at which a node first sees it, by a monotonic clock: the clocks of a hospital's machines may differ by
 * minutes, or be corrected during a request, which must not stop the work of a ward.
 */
import { meshTime } from "../mesh-time.ts";
import { CLOCKS_APART_MS } from "../trust/certificate.ts";
import type { MeshKeys } from "../trust/key-files.ts";
import { makeStatement, readStatement } from "../trust/statement.ts";
import { mayClaimWork, mayVouchForPeople } from "../trust/vouching.ts";
import { type Identity, isRoleOfPeople, isSystem, systemIdentity, workOf } from "./identity.ts";

/** Lifetime of a stamp, milliseconds. */
export const STAMP_LIFE_MS = 60_000;
/** Valid stamps that are cached, so that each is verified once. A hospital has fewer people at work in a minute. */
const MAX_REMEMBERED = 10_000;
/** Additional age of a stamp inside another stamp. Milliseconds. */
const INNER_AGE_MS = 2 * STAMP_LIFE_MS;
const KIND = "stamp";

/** The signed content; for the mesh's own work `for` is the person's stamp. */
interface Claims extends Omit<Identity, "for"> {
  for?: string;
  /** Milliseconds since 1970. */
  until: number;
}

interface Remembered {
  identity: Identity;
  /** The stamp of the person for whom the work is done. */
  person: string | undefined;
  /** By performance.now(). */
  until: number;
}

/** Makes and verifies stamps. */
export class Stamps {
  readonly #keys: MeshKeys;
  /** Stamps with a valid signature, and until when they are valid here. */
  readonly #good = new Map<string, Remembered>();

  constructor(keys: MeshKeys) {
    this.#keys = keys;
  }

  /** @returns a stamp that is valid for a minute, in characters that any header may contain */
  make({ for: _, ...identity }: Identity, now = meshTime.now(), person?: string): string {
    const claims: Claims = { ...identity, ...(person !== undefined && { for: person }), until: now + STAMP_LIFE_MS };
    return makeStatement(KIND, claims, this.#keys.signer);
  }

  /** The identity in a stamp; undefined if it is forged, damaged, or too old. */
  verify(stamp: unknown, now = meshTime.now()): Identity | undefined {
    return this.#remembered(stamp, now)?.identity;
  }

  /** Whether a stamp is signed by a key of the mesh, but issued too long ago or in the future by this node's clock. */
  isOfAnotherTime(stamp: unknown, now = meshTime.now()): boolean {
    // Not by the time of now: a certificate that is younger than the clock was set back is none yet.
    const claims = typeof stamp === "string" ? readStatement<Claims>(KIND, stamp, this.#keys.trusted, null)?.claims : undefined;
    return claims !== undefined && !isOfThisTime(claims.until, now, 0);
  }

  /** The stamp of the person for whom work is done; undefined if there is none. */
  personBehind(stamp: unknown, now = meshTime.now()): string | undefined {
    return this.#remembered(stamp, now)?.person;
  }

  #remembered(stamp: unknown, now: number): Remembered | undefined {
    if (typeof stamp !== "string") return undefined;
    const known = this.#good.get(stamp) ?? this.#read(stamp, now, 0);
    return known && known.until > performance.now() ? known : undefined;
  }

  /** @param older additional age that is accepted */
  #read(stamp: string, now: number, older: number): Remembered | undefined {
    const statement = readStatement<Claims>(KIND, stamp, this.#keys.trusted, now);
    if (!statement) return undefined;
    const { until, for: person, ...said } = statement.claims;
    if (typeof said.sub !== "string" || !Array.isArray(said.roles)) return undefined;
    if (!isOfThisTime(until, now, older)) return undefined;
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

  /** The person in an inner stamp, who gives no rights: it may be past its minute here, since the stamp around it was made later. */
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

/** Whether a stamp that is seen for the first time has a valid age. It may have been used for its whole minute before. @param older additional age */
function isOfThisTime(until: number, now: number, older: number): boolean {
  const age = now - (until - STAMP_LIFE_MS);
  return age <= CLOCKS_APART_MS + STAMP_LIFE_MS + older && age >= -CLOCKS_APART_MS;
}
