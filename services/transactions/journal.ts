/**
 * The coordinator's journal: which transactions are committed. Presumed abort: what is not written here did not happen.
 * One key per transaction; the first to write it decides, whoever that is (a coordinator, or an owner in doubt).
 */
import type { TransactionOutcome } from "../../federation/owner-contract.ts";
import type { Store } from "../../store/store.ts";

/** How long a forced abort is remembered; far longer than a coordinator lives on with an undecided transaction. */
const KEEP_ABORT_MS = 3_600_000; // milliseconds

interface Entry {
  committed: boolean;
  at: number;
  /** Services that have to hear of the commit. */
  owners: string[];
}

const keyOf = (tx: string) => `tx/${tx}`;

/** Writes the commit, unless the transaction is decided already; the answer is what holds. Durable when it returns. */
export async function decideCommit(store: Store, tx: string, at: number, owners: string[]): Promise<TransactionOutcome> {
  const entry: Entry = { committed: true, at, owners };
  return outcomeIn(await store.put(keyOf(tx), JSON.stringify(entry)));
}

/** What holds for a transaction. With `decide` one that is not decided yet is aborted by this, for good. */
export async function outcomeOrAbort(store: Store, tx: string, decide: boolean): Promise<TransactionOutcome> {
  const known = await store.get(keyOf(tx));
  if (known !== undefined) return outcomeIn(known);
  if (!decide) return { state: "undecided" };
  const entry: Entry = { committed: false, at: 0, owners: [] };
  return outcomeIn(await store.put(keyOf(tx), JSON.stringify(entry), Date.now() + KEEP_ABORT_MS));
}

/** Commits that some owner may not have heard of: what a coordinator that died left behind. */
export async function unfinished(store: Store, limit: number): Promise<{ tx: string; at: number; owners: string[] }[]> {
  const entries = await store.entries("tx/", limit);
  return entries.flatMap(({ key, value }) => {
    const { committed, at, owners } = JSON.parse(value) as Entry;
    return committed ? [{ tx: key.slice(3), at, owners }] : [];
  });
}

/** Every owner has committed: nobody will ask again. */
export const forget = (store: Store, tx: string): Promise<void> => store.remove(keyOf(tx));

function outcomeIn(text: string): TransactionOutcome {
  const { committed, at } = JSON.parse(text) as Entry;
  return committed ? { state: "committed", at } : { state: "aborted" };
}
