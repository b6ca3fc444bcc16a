/** The record of accesses: AuditEvents, stored unchanged. */
import { noteAudit } from "../../federation/audit-contract.ts";
import { action } from "../../mesh/contract.ts";

/** The FHIR types that `ledger` owns. */
export const owns = ["AuditEvent"] as const;

/** Languages of the sentences. */
export const LANGUAGES = ["en", "fr", "ar"] as const;
/** One of `LANGUAGES`. */
export type LedgerLanguage = (typeof LANGUAGES)[number];

/** One access to a record, for people. */
export interface Look {
  at: string; // ISO 8601, UTC
  /** `Practitioner/1`, or the account; `unknown` if it was not identified. */
  who: string;
  name?: string;
  role?: string;
  client?: string;
  /** HL7's code of the purpose of use. */
  purpose?: string;
  /** `Patient/1`, up to 100. */
  patients: string[];
  /** The types that were accessed, or an action. */
  what: string[];
  isDone: boolean;
  /** A sentence that describes it. */
  says: string;
  /** `AuditEvent/1` */
  event: string;
}

/** A page of looks, newest first. */
export interface Looks {
  looks: Look[];
  /** `before` of the next page; absent on the last page. Accesses of the same millisecond may be on both sides of it. */
  next?: string;
}

/** Result of verifying the hash chain. */
export interface ChainState {
  segments: number;
  events: number;
  /** Hash of the newest segment, hexadecimal; it covers all before it. */
  head?: string;
  /** The first segment that differs from what was sealed; absent: none does. */
  broken?: { segment: number; from: string; to: string };
}

/** Everything that other services may know about `ledger`. */
export const ledger = {
  /**
   * Accesses to a patient's record, newest first; at most `limit`, 50 by default. Records that were merged count as one person's.
   * @throws 503 OWNER_DOWN while it is unknown which were merged
   */
  looksAt: action<{ patient: string; before?: string; limit?: number; language?: LedgerLanguage }, Looks>("ledger.looksAt"),
  /** Accesses by a person (`Practitioner/1`, or an account). */
  looksBy: action<{ who: string; before?: string; limit?: number; language?: LedgerLanguage }, Looks>("ledger.looksBy"),
  /** Stores what no owner has recorded: refusals of a gateway, sign-ins. Idempotent by `id` (a UUID). @throws 503 LEDGER_STOPS */
  note: noteAudit,
  /** Verifies the whole chain. Takes as long as reading all AuditEvents. */
  check: action<Record<string, never>, ChainState>("ledger.check"),
};
