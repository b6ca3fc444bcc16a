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

/** What became of one entry. That of a GET, or of an operation, is null: the gateway answers it after the commit. */
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

/** A transaction, and how it is to be carried out: see `transactions.process`. */
export interface ToProcess {
  text: string;
  base: string;
  representation?: boolean;
  keepsLabels?: boolean;
  isAlone?: boolean;
  bases?: string[];
}

/** The answer to a keyed request as it is kept. */
export interface KeptAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
  /** The body is what these characters mean in base64. */
  isBase64?: boolean;
}

/** Entries as the text that `process` takes. */
export const transactionOf = (...entry: TransactionEntry[]): string =>
  JSON.stringify({ resourceType: "Bundle", type: "transaction", entry });

/** Everything that other services may know about `transactions`. */
export const transactions = {
  /**
   * Carries out a FHIR transaction over however many owners, all or nothing. `text` is the Bundle as FHIR JSON. `keepsLabels`, unless
   * false: tags and security labels that an update leaves out stay. `bases`: addresses of the server besides `base`, under which
   * the bundle may name what is here. `isAlone`: its one entry was no entry when it came, so that no
   * reference in it (`urn:uuid:…`) means another. A coordinator that dies over it is stood in for by another one: it takes effect once.
   *
   * @throws 400 (`data.issues`) when the bundle cannot be understood; what an owner refuses comes with its own code and
   *         type and `data.entry`, the index of the entry; 503 TRANSACTION_ABORTED when it was cut short: nothing is stored;
   *         503 TRANSACTION_UNCLEAR when the journal did not confirm it: it may be stored
   */
  process: againWhereItDied(action<ToProcess & Partial<Attempt>, (EntryResult | null)[]>("transactions.process")),
  /**
   * Before a request with an Idempotency-Key is carried out: the answer that is kept for it; null when there is none, and the caller is to
   * answer. Waits a while for another try that is under way. `tx` is the transaction that all its writes will be parts of.
   * @throws 422 IDEMPOTENCY_KEY_REUSED, 409 IDEMPOTENCY_KEY_IN_USE, 503 IDEMPOTENCY_KEYS_FULL
   */
  beginKeyed: action<{ key: string; fingerprint: string; tx: string }, KeptAnswer | null>("transactions.beginKeyed"),
  /**
   * Keeps the answer and commits the request's writes, in one durable write. Gives the answer that counts: another try's when that was kept before.
   * @throws 413 IDEMPOTENT_ANSWER_TOO_LARGE, 503 TRANSACTION_ABORTED: nothing is stored
   */
  commitKeyed: action<{ key: string; fingerprint: string; tx: string; at: number; parts: KeyedPart[]; answer: KeptAnswer }, KeptAnswer>(
    "transactions.commitKeyed",
  ),
  /**
   * Gives up a request that was refused: its writes are aborted, and it may be sent again. `isUnasked`: nobody was asked to commit it, nor will
   * be; then they are aborted though the journal cannot be written.
   */
  cancelKeyed: action<{ key: string; tx: string; parts: KeyedPart[]; isUnasked?: boolean }, null>("transactions.cancelKeyed"),
  /** What the journal says of a transaction. With `decide` one without a decision is decided by the question: aborted, for good. */
  outcome: outcomeOf,
};
