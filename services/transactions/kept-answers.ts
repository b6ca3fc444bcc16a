/**
 * The answers to keyed requests (`Idempotency-Key`), in the journal. An answer and the commit of its writes are one durable write, so that
 * a repeated request finds both or neither. A claim names the node that is answering, so that a second attempt waits; correctness does not
 * depend on it: of two nodes that answer at once only one can write the answer, and the other's writes are aborted.
 */
import { setTimeout as delay } from "node:timers/promises";
import { meshTime } from "../../mesh/mesh-time.ts";
import type { KeyedPart } from "../../mesh/keyed-request-contract.ts";
import type { Store } from "../../store/store.ts";
import { keyedCommit, keyOf, outcomeOrAbort } from "./journal.ts";
import type { KeptAnswer } from "./transactions.contract.ts";
import { answersFull, answerTooLarge, keyInUse, keyOfAnother, transactionAborted } from "./transactions.errors.ts";

/** Retention of an answer, as documented for clients. */
const KEEP_ANSWER_MS = 24 * 3_600_000; // milliseconds
/** Characters of an answer: a document of MongoDB holds 16 MB, and a commit takes longer the longer its answer is. */
const MAX_ANSWER = 4_000_000;
/** Interval at which the kept answers are counted; in between each process keeps its own count. Milliseconds. */
const COUNT_EVERY_MS = 60_000;
const POLL_MS = 50;
/** Retention of a claim, milliseconds: a request is answered or given up long before. */
const KEEP_CLAIM_MS = 60_000;

/** Limits of kept answers, and of waiting for one. */
export const KEEP_LIMITS = {
  /** Number of answers: about ten keyed writes a second for a whole day. */
  answers: 1_000_000,
  /** Bytes of all of them: the disk must hold them beside the data. */
  bytes: 4 * 1024 * 1024 * 1024,
  /** How long a second attempt waits for the first, milliseconds; less than a gateway's call may take. */
  waitMs: 5_000,
};

interface Kept {
  fingerprint: string;
  tx: string;
  answer: KeptAnswer;
}

interface Claim {
  fingerprint: string;
  tx: string;
}

/** What is kept; `at`: performance.now() of the count. */
interface Held {
  count: number;
  bytes: number;
  at: number;
}

const answerKey = (key: string) => `answer/${key}`;
const claimKey = (key: string) => `claim/${key}`;

/** A keyed request: its key, its fingerprint, and the transaction of its writes. */
export interface KeyedQuestion {
  key: string;
  fingerprint: string;
  tx: string;
}

/** The kept answers, as one process of the coordinator sees them. */
export class KeptAnswers {
  readonly #store: Store;
  readonly #limits: typeof KEEP_LIMITS;
  readonly #isGone: (tx: string) => boolean;
  #held: Held | undefined;
  #counting: Promise<void> | undefined;

  /** @param isGone whether the node that answers, named by the transaction's id, has gone */
  constructor(store: Store, isGone: (tx: string) => boolean, limits = KEEP_LIMITS) {
    this.#limits = limits;
    this.#store = store;
    this.#isGone = isGone;
  }

  /**
   * The kept answer, with the transaction of its writes; null: there is none, and the caller is to carry out the request.
   * @throws 422 another request has this key; 409 it is being answered; 503 no more answers can be kept
   */
  async begin(asked: KeyedQuestion): Promise<Pick<Kept, "tx" | "answer"> | null> {
    const until = performance.now() + this.#limits.waitMs;
    for (;;) {
      const kept = await this.#kept(asked);
      if (kept) return kept;
      await this.#requireRoom();
      const mine: Claim = { fingerprint: asked.fingerprint, tx: asked.tx };
      const claim = JSON.parse(await this.#store.put(claimKey(asked.key), JSON.stringify(mine), meshTime.now() + KEEP_CLAIM_MS)) as Claim;
      // The other attempt may have kept its answer, and ended its claim, between the read and the claim.
      if (claim.tx === asked.tx) return this.#kept(asked);
      // Its request was cancelled before the claim was written, so that no node carries it out.
      if ((await outcomeOrAbort(this.#store, claim.tx, false)).state === "aborted") await this.#unclaim(asked.key, claim.tx);
      else if (claim.fingerprint !== asked.fingerprint) throw keyOfAnother();
      else if (this.#isGone(claim.tx)) {
        await outcomeOrAbort(this.#store, claim.tx, true);
        await this.#unclaim(asked.key, claim.tx);
      } else if (performance.now() > until) throw keyInUse();
      else await delay(POLL_MS);
    }
  }

  /**
   * Keeps the answer and commits its writes, in one durable write.
   * @returns whether this request's answer is kept; otherwise another attempt's answer was kept before, and is returned with its transaction
   * @throws 503 if the transaction was given up; 413 if the answer is too large
   */
  async keep(
    { key, fingerprint, tx }: KeyedQuestion,
    at: number,
    parts: KeyedPart[],
    answer: KeptAnswer,
  ): Promise<{ answer: KeptAnswer; isOwn: boolean; tx: string }> {
    const record = JSON.stringify({ fingerprint, tx, answer } satisfies Kept);
    if (record.length > MAX_ANSWER) throw answerTooLarge(MAX_ANSWER);
    const [kept, decided] = await this.#store.putAll([
      { key: answerKey(key), value: record, expiresAt: meshTime.now() + KEEP_ANSWER_MS },
      { key: keyOf(tx), value: keyedCommit(at, parts) },
    ]);
    if (kept === undefined || decided === undefined) {
      const found = kept === undefined ? undefined : (JSON.parse(kept) as Kept);
      if (found?.tx === tx) return { answer: found.answer, isOwn: true, tx }; // this write was repeated
      await outcomeOrAbort(this.#store, tx, true);
      if (found?.fingerprint === fingerprint) return { answer: found.answer, isOwn: false, tx: found.tx };
      throw found ? keyOfAnother() : transactionAborted("one of its services gave it up.");
    }
    if (this.#held) {
      this.#held.count += 1;
      this.#held.bytes += record.length;
    }
    await this.#unclaim(key, tx);
    return { answer, isOwn: true, tx };
  }

  /** Gives up a request, unless its answer is kept: a repetition begins anew. */
  async cancel(key: string, tx: string): Promise<"committed" | "aborted"> {
    const { state } = await outcomeOrAbort(this.#store, tx, true);
    if (state === "aborted") await this.#unclaim(key, tx);
    return state === "aborted" ? "aborted" : "committed";
  }

  async #kept({ key, fingerprint }: KeyedQuestion): Promise<Kept | null> {
    const text = await this.#store.get(answerKey(key));
    if (text === undefined) return null;
    const record = JSON.parse(text) as Kept;
    if (record.fingerprint !== fingerprint) throw keyOfAnother();
    return record;
  }

  /** Removes a claim unless it is another request's. One that is made in between only keeps a second attempt from waiting. */
  async #unclaim(key: string, tx: string): Promise<void> {
    const text = await this.#store.get(claimKey(key));
    if (text !== undefined && (JSON.parse(text) as Claim).tx === tx) await this.#store.remove(claimKey(key));
  }

  /** Waits only for the first count; while a later one runs, the last result is used. */
  async #requireRoom(): Promise<void> {
    if (!this.#held) await this.#count();
    else if (performance.now() - this.#held.at > COUNT_EVERY_MS) this.#count().catch(() => {}); // the next request tries again
    const { count, bytes } = this.#held as Held;
    if (count >= this.#limits.answers || bytes >= this.#limits.bytes) throw answersFull();
  }

  /** Runs one count at a time, which all callers share. */
  #count(): Promise<void> {
    this.#counting ??= this.#store
      .usage(answerKey(""))
      .then((usage) => {
        this.#held = { ...usage, at: performance.now() };
      })
      .finally(() => {
        this.#counting = undefined;
      });
    return this.#counting;
  }
}
