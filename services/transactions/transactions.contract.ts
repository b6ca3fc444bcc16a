import type { FhirResource } from "../../fhir/r4.ts";
import { againWhereItDied, type Attempt } from "../../mesh/attempt-contract.ts";
import { action } from "../../mesh/contract.ts";
import type { KeyedPart } from "../../mesh/keyed-request-contract.ts";
import { outcomeOf } from "../../federation/owner-contract.ts";

/** One entry of a transaction, as in a FHIR Bundle. */
export interface TransactionEntry {
  fullUrl?: string;
  resource?: FhirResource | ({ resourceType: string } & Record<string, unknown>);
  request: { method: "POST" | "PUT" | "DELETE"; url: string; ifMatch?: string; ifNoneMatch?: string; ifNoneExist?: string };
}

/** The result of one entry. That of a GET, or of an operation, is null: the gateway answers it after the commit. */
export interface EntryResult {
  /** HTTP status: 200, 201 or 204. */
  status: number;
  type: string;
  id: string;
  version: number;
  /** Milliseconds since 1970; meta.lastUpdated. */
  updated: number;
  /** FHIR JSON as stored; only with `representation`. */
  json?: string;
}

/** A transaction with its options: see `transactions.process`. */
export interface ToProcess {
  text: string;
  base: string;
  representation?: boolean;
  keepsLabels?: boolean;
  isAlone?: boolean;
  bases?: string[];
}

/** The kept answer to a keyed request. */
export interface KeptAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
  /** Whether the body is base64. */
  isBase64?: boolean;
}

/** The text of a transaction with these entries, for `process`. */
export const transactionOf = (...entry: TransactionEntry[]): string =>
  JSON.stringify({ resourceType: "Bundle", type: "transaction", entry });

/** Everything that other services may know about `transactions`. */
export const transactions = {
  /**
   * Carries out a FHIR transaction over any number of owners, all or nothing. `text` is the Bundle as FHIR JSON. `keepsLabels`, unless
   * false: tags and security labels that an update omits are kept. `bases`: base URLs of the server besides `base` that
   * the bundle may use. `isAlone`: its single entry was not sent as a bundle, so that no
   * reference in it (`urn:uuid:…`) means another entry. If a coordinator dies, another one repeats it: it takes effect once.
   *
   * @throws 400 (`data.issues`) for an invalid bundle; an owner's refusal with its own code and
   *         type and `data.entry`, the index of the entry; 503 TRANSACTION_ABORTED when it was interrupted: nothing is stored;
   *         503 TRANSACTION_UNCLEAR when the journal did not confirm it: it may be stored
   */
  process: againWhereItDied(action<ToProcess & Partial<Attempt>, (EntryResult | null)[]>("transactions.process"), ["bases"]),
  /**
   * Begins a request with an Idempotency-Key: returns the kept answer; null if there is none, and the caller is to carry out the
   * request. Waits a while for another attempt that is running. `tx` is the transaction of all its writes.
   * @throws 422 IDEMPOTENCY_KEY_REUSED, 409 IDEMPOTENCY_KEY_IN_USE, 503 IDEMPOTENCY_KEYS_FULL
   */
  beginKeyed: action<{ key: string; fingerprint: string; tx: string }, KeptAnswer | null>("transactions.beginKeyed"),
  /**
   * Keeps the answer and commits the request's writes, in one durable write. Returns the answer that was kept first, which may be another attempt's.
   * @throws 413 IDEMPOTENT_ANSWER_TOO_LARGE, 503 TRANSACTION_ABORTED: nothing is stored
   */
  commitKeyed: action<{ key: string; fingerprint: string; tx: string; at: number; parts: KeyedPart[]; answer: KeptAnswer }, KeptAnswer>(
    "transactions.commitKeyed",
  ),
  /**
   * Gives up a request that was refused: its writes are aborted, and it may be repeated. `isUnasked`: no coordinator was or will be asked to commit it;
   * then its writes are aborted even if the journal cannot be written.
   */
  cancelKeyed: action<{ key: string; tx: string; parts: KeyedPart[]; isUnasked?: boolean }, null>("transactions.cancelKeyed"),
  /** The journal's decision on a transaction. With `decide` an undecided one is thereby aborted for good. */
  outcome: outcomeOf,
};
