/**
 * The coordinator's journal: which transactions are committed. Presumed abort: what is not written here did not happen.
 * One key per transaction; the first to write it decides: the coordinator, or an owner in doubt.
 */
import type { TransactionOutcome } from "../../federation/owner-contract.ts";
import type { KeyedPart } from "../../mesh/keyed-request-contract.ts";
import { transactionOfPart } from "../../mesh/keyed-request.ts";
import type { MapEntry, Store } from "../../store/store.ts";

/** How long a forced abort is remembered; far longer than a coordinator lives on with an undecided transaction. */
const KEEP_ABORT_MS = 3_600_000; // milliseconds

interface Entry {
  committed: boolean;
  at: number;
  /** Services that have to hear of the commit. */
  owners: string[];
  /** Of a keyed request: what they have prepared for it. What else there is was prepared by a node that died. */
  parts?: KeyedPart[];
}

/** A committed transaction that some owner may not have heard of. */
export interface Unfinished {
  tx: string;
  at: number;
  parts: KeyedPart[];
}

/** Key of a transaction's line in the journal. */
export const keyOf = (tx: string) => `tx/${tx}`;

/** What holds for a transaction; `isDecidedBefore`: an earlier try of it has written its line. */
export type Decision = TransactionOutcome & { isDecidedBefore?: true };

/**
 * Writes the commit, unless the transaction is decided already; what holds is the answer. Durable when it returns.
 * @param line what became of the entries, of a transaction that may come again: only one of its tries commits
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
  // Nothing was written: an owner has aborted it, or an earlier try has its line there.
  const outcome = decided === undefined ? await outcomeOrAbort(store, tx, true) : outcomeIn(decided);
  return { ...outcome, ...(written !== undefined && { isDecidedBefore: true }) };
}

/** The line of a keyed request's commit. */
export const keyedCommit = (at: number, parts: KeyedPart[]): string =>
  JSON.stringify({ committed: true, at, owners: [], parts } satisfies Entry);

/** What holds for a transaction, or for a part of one. With `decide` one that is not decided yet is aborted by this, for good. */
export async function outcomeOrAbort(store: Store, asked: string, decide: boolean): Promise<TransactionOutcome> {
  const tx = transactionOfPart(asked);
  const known = await store.get(keyOf(tx));
  if (known !== undefined) return outcomeIn(known, asked);
  if (!decide) return { state: "undecided" };
  const entry: Entry = { committed: false, at: 0, owners: [] };
  return outcomeIn(await store.put(keyOf(tx), JSON.stringify(entry), Date.now() + KEEP_ABORT_MS), asked);
}

/** Commits that some owner may not have heard of: what a coordinator that died left behind. */
export async function unfinished(store: Store, limit: number): Promise<Unfinished[]> {
  const entries = await store.entries("tx/", limit);
  return entries.flatMap(({ key, value }) => unfinishedIn(key.slice(3), value));
}

/** The same of one transaction; undefined: all its owners have heard of it. */
export async function unfinishedOf(store: Store, tx: string): Promise<Unfinished | undefined> {
  const value = await store.get(keyOf(tx));
  return value === undefined ? undefined : unfinishedIn(tx, value)[0];
}

function unfinishedIn(tx: string, value: string): Unfinished[] {
  const { committed, at, owners, parts } = JSON.parse(value) as Entry;
  return committed ? [{ tx, at, parts: parts ?? owners.map((owner) => ({ tx, owner })) }] : [];
}

/** Every owner has committed: nobody will ask again. */
export const forget = (store: Store, tx: string): Promise<void> => store.remove(keyOf(tx));

function outcomeIn(text: string, asked?: string): TransactionOutcome {
  const { committed, at, parts } = JSON.parse(text) as Entry;
  const isOther = asked !== undefined && parts !== undefined && asked !== transactionOfPart(asked) && !parts.some(({ tx }) => tx === asked);
  return committed && !isOther ? { state: "committed", at } : { state: "aborted" };
}
