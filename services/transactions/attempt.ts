/**
 * A transaction that its caller sends again because the coordinator died over it, or stood still: whatever the first had done, it takes effect once, and the
 * second answer is the first's. Its key makes the same ids of new resources (so the one write of a single owner is found again by its
 * own key), and what became of the entries is one durable line with the decision of those of several owners.
 */
import { createHash } from "node:crypto";
import { v7 as timeOrderedId } from "uuid";
import type { Attempt } from "../../mesh/attempt-contract.ts";
import type { MapEntry, Store } from "../../store/store.ts";
import type { EntryResult } from "./transactions.contract.ts";

/** Longer than a caller waits for the first answer, and for the second; milliseconds. */
const KEEP_MS = 120_000;

/** The same ids for the same key, by the entry's index; without one new ids each time. */
export function idsOf(attempt: Attempt | undefined): (index: number) => string {
  if (!attempt) return () => timeOrderedId();
  const { key } = attempt;
  const random = createHash("sha256").update(key).digest();
  const first = random.readUInt32BE(16) >>> 1;
  const msecs = Number.parseInt(key.slice(0, 8) + key.slice(9, 13), 16);
  return (index) => timeOrderedId({ msecs, random, seq: first + index });
}

type Results = (readonly [status: number, type: string, id: string, version: number, updated: number] | null)[];

/** What an earlier version has written is the results alone. */
type Line = { tx: string; results: Results } | Results;

/** What an earlier try has come to. */
export interface EarlierAnswer {
  /** The transaction that was committed; absent where an earlier version has decided it. */
  tx?: string;
  results: (EntryResult | null)[];
}

/** Another try of the transaction is the one that is committed: its answer is to be given (`answeredBefore`). */
export class DecidedBefore extends Error {}

const lineKey = (key: string) => `answered/${key}`;

/** What is written with the decision: what became of the entries, without their resources. */
export function lineOf({ key }: Attempt, tx: string, results: (EntryResult | null)[]): MapEntry {
  const line: Line = { tx, results: results.map((it) => it && [it.status, it.type, it.id, it.version, it.updated]) };
  return { key: lineKey(key), value: JSON.stringify(line), expiresAt: Date.now() + KEEP_MS };
}

/** What became of the entries in an earlier try; undefined: none was decided. */
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
