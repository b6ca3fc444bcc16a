/**
 * A transaction that its caller sends again because the coordinator died over it: whatever the first had done, it takes effect once, and the
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

type Line = (readonly [status: number, type: string, id: string, version: number, updated: number] | null)[];

const lineKey = (key: string) => `answered/${key}`;

/** What is written with the decision: what became of the entries, without their resources. */
export function lineOf({ key }: Attempt, results: (EntryResult | null)[]): MapEntry {
  const line: Line = results.map((it) => it && [it.status, it.type, it.id, it.version, it.updated]);
  return { key: lineKey(key), value: JSON.stringify(line), expiresAt: Date.now() + KEEP_MS };
}

/** What became of the entries in an earlier try; undefined: none was decided. */
export async function answeredBefore(store: Store, { key }: Attempt): Promise<(EntryResult | null)[] | undefined> {
  const text = await store.get(lineKey(key));
  return text === undefined ? undefined : resultsIn(text);
}

/** @param text a line's */
export function resultsIn(text: string): (EntryResult | null)[] {
  return (JSON.parse(text) as Line).map((it) => {
    if (!it) return null;
    const [status, type, id, version, updated] = it;
    return { status, type, id, version, updated };
  });
}
