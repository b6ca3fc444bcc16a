/**
 * Repeated attempts of a transaction, which its caller makes because the coordinator died, or was suspended: it takes effect once, and all attempts get
 * the first answer. New resources get ids that are derived from the attempts' common key (so that a single owner recognises the repeated write by its
 * own key); the results are one durable line, written with the decision for several owners.
 */
import { createHash } from "node:crypto";
import { v7 as timeOrderedId } from "uuid";
import { meshTime } from "../../mesh/mesh-time.ts";
import type { Attempt } from "../../mesh/attempt-contract.ts";
import type { MapEntry, Store } from "../../store/store.ts";
import type { EntryResult } from "./transactions.contract.ts";

/** Retention of the line, milliseconds: longer than a caller waits for the answers of both attempts. */
const KEEP_MS = 120_000;

/** Ids by entry index, the same for the same key; without a key, new ids each time. */
export function idsOf(attempt: Attempt | undefined): (index: number) => string {
  if (!attempt) return () => timeOrderedId();
  const { key } = attempt;
  const random = createHash("sha256").update(key).digest();
  const first = random.readUInt32BE(16) >>> 1;
  const msecs = Number.parseInt(key.slice(0, 8) + key.slice(9, 13), 16);
  return (index) => timeOrderedId({ msecs, random, seq: first + index });
}

type Results = (readonly [status: number, type: string, id: string, version: number, updated: number] | null)[];

/** Earlier versions wrote the results alone. */
type Line = { tx: string; results: Results } | Results;

/** The results of an earlier attempt. */
export interface EarlierAnswer {
  /** The committed transaction; absent if an earlier version decided it. */
  tx?: string;
  results: (EntryResult | null)[];
}

/** Another attempt of the transaction has been committed: its results are the answer (`answeredBefore`). */
export class DecidedBefore extends Error {}

const lineKey = (key: string) => `answered/${key}`;

/** The line that is written with the decision: the results of the entries, without their resources. */
export function lineOf({ key }: Attempt, tx: string, results: (EntryResult | null)[]): MapEntry {
  const line: Line = { tx, results: results.map((it) => it && [it.status, it.type, it.id, it.version, it.updated]) };
  return { key: lineKey(key), value: JSON.stringify(line), expiresAt: meshTime.now() + KEEP_MS };
}

/** The results of an earlier attempt; undefined: none was decided. */
export async function answeredBefore(store: Store, { key }: Attempt): Promise<EarlierAnswer | undefined> {
  const text = await store.get(lineKey(key));
  if (text === undefined) return undefined;
  const line = JSON.parse(text) as Line;
  const { tx, results } = Array.isArray(line) ? { tx: undefined, results: line } : line;
  const told = results.map((it) => {
    if (!it) return null;
    const [status, type, id, version, updated] = it;
    return { status, type, id, version, updated };
  });
  return { ...(tx !== undefined && { tx }), results: told };
}
