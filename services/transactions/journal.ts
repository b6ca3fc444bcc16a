/**
 * The coordinator's journal of committed transactions. Presumed abort: a transaction that is not in it was not committed.
 * One key per transaction, and the first writer decides: the coordinator, or an owner in doubt.
 */
import { meshTime } from "../../mesh/mesh-time.ts";
import type { TransactionOutcome } from "../../federation/owner-contract.ts";
import type { KeyedPart } from "../../mesh/keyed-request-contract.ts";
import { transactionOfPart } from "../../mesh/keyed-request.ts";
import type { MapEntry, Store } from "../../store/store.ts";

/** Retention of a forced abort; far longer than a coordinator can work on an undecided transaction. */
const KEEP_ABORT_MS = 3_600_000; // milliseconds

interface Entry {
  committed: boolean;
  at: number;
  /** Services that have to be told of the commit. */
  owners: string[];
  /** For a keyed request: the parts that were prepared for it. Any others were prepared by a node that died. */
  parts?: KeyedPart[];
}

/** A committed transaction of which some owner may not know. */
export interface Unfinished {
  tx: string;
  at: number;
  parts: KeyedPart[];
}

/** Key of a transaction's line in the journal. */
export const keyOf = (tx: string) => `tx/${tx}`;

/** The decision on a transaction; `isDecidedBefore`: an earlier attempt has written its line. */
export type Decision = TransactionOutcome & { isDecidedBefore?: true };

/**
 * Writes the commit, unless the transaction is decided already; returns the decision. Durable when it resolves.
 * @param line results of the entries, for a transaction that may be repeated: only one of its attempts commits
 */
export async function decideCommit(
  store: Store,
  { tx, at, owners }: { tx: string; at: number; owners: string[] },
  line?: MapEntry,
): Promise<Decision> {
  const value = JSON.stringify({ committed: true, at, owners } satisfies Entry);
  if (!line) return outcomeIn(await store.put(keyOf(tx), value));
  const [decided, written] = await store.putAll([{ key: keyOf(tx), value }, line]);
  if (decided === value) return outcomeIn(decided);
  // Nothing was written: an owner has aborted it, or an earlier attempt has its line there.
  const outcome = decided === undefined ? await outcomeOrAbort(store, tx, true) : outcomeIn(decided);
  return { ...outcome, ...(written !== undefined && { isDecidedBefore: true }) };
}

/** The journal's entry for a keyed request's commit. */
export const keyedCommit = (at: number, parts: KeyedPart[]): string =>
  JSON.stringify({ committed: true, at, owners: [], parts } satisfies Entry);

/** The decision on a transaction, or on a part of one. With `decide` an undecided one is thereby aborted for good. */
export async function outcomeOrAbort(store: Store, asked: string, decide: boolean): Promise<TransactionOutcome> {
  const tx = transactionOfPart(asked);
  const known = await store.get(keyOf(tx));
  if (known !== undefined) return outcomeIn(known, asked);
  if (!decide) return { state: "undecided" };
  const entry: Entry = { committed: false, at: 0, owners: [] };
  return outcomeIn(await store.put(keyOf(tx), JSON.stringify(entry), meshTime.now() + KEEP_ABORT_MS), asked);
}

/** Commits of which some owner may not know: left behind by a coordinator that died. */
export async function unfinished(store: Store, limit: number): Promise<Unfinished[]> {
  const entries = await store.entries("tx/", limit);
  return entries.flatMap(({ key, value }) => unfinishedIn(key.slice(3), value));
}

/** The same for one transaction; undefined: all its owners know. */
export async function unfinishedOf(store: Store, tx: string): Promise<Unfinished | undefined> {
  const value = await store.get(keyOf(tx));
  return value === undefined ? undefined : unfinishedIn(tx, value)[0];
}

function unfinishedIn(tx: string, value: string): Unfinished[] {
  const { committed, at, owners, parts } = JSON.parse(value) as Entry;
  return committed ? [{ tx, at, parts: parts ?? owners.map((owner) => ({ tx, owner })) }] : [];
}

/** Removes a commit once every owner has carried it out. */
export const forget = (store: Store, tx: string): Promise<void> => store.remove(keyOf(tx));

function outcomeIn(text: string, asked?: string): TransactionOutcome {
  const { committed, at, parts } = JSON.parse(text) as Entry;
  const isOther = asked !== undefined && parts !== undefined && asked !== transactionOfPart(asked) && !parts.some(({ tx }) => tx === asked);
  return committed && !isOther ? { state: "committed", at } : { state: "aborted" };
}
