/** Who has looked at and done what: AuditEvents, kept as they came. */
import { noteAudit } from "../../federation/audit-contract.ts";
import { action } from "../../mesh/contract.ts";

/** The FHIR types that `ledger` owns. */
export const owns = ["AuditEvent"] as const;

/** The languages of its sentences. */
export const LANGUAGES = ["en", "fr", "ar"] as const;
/** One of `LANGUAGES`. */
export type LedgerLanguage = (typeof LANGUAGES)[number];

/** One look or deed, for people. */
export interface Look {
  at: string; // ISO 8601, UTC
  /** `Practitioner/1`, or the account; `unknown` where nobody has said who it was. */
  who: string;
  name?: string;
  role?: string;
  client?: string;
  /** HL7's code. */
  purpose?: string;
  /** `Patient/1`, up to 100. */
  patients: string[];
  /** What of it: types, or an action. */
  what: string[];
  isDone: boolean;
  /** One sentence. */
  says: string;
  /** `AuditEvent/1` */
  event: string;
}

/** A page of looks, newest first. */
export interface Looks {
  looks: Look[];
  /** `before` of the next page; absent: that was all. */
  next?: string; // ISO 8601, UTC
}

/** Whether the chain of what was kept is whole. */
export interface ChainState {
  segments: number;
  events: number;
  /** Of the newest segment, hexadecimal; it stands for all before it. */
  head?: string;
  /** The first that is not what was sealed; absent: all are. */
  broken?: { segment: number; from: string; to: string };
}

/** Everything that other services may know about `ledger`. */
export const ledger = {
  /**
   * Who has looked at or changed a patient's record, newest first; at most `limit`, 50 by default. Records that were merged count as one person's.
   * @throws 503 OWNER_DOWN while nobody can tell which were merged
   */
  looksAt: action<{ patient: string; before?: string; limit?: number; language?: LedgerLanguage }, Looks>("ledger.looksAt"),
  /** What a person (`Practitioner/1`, or an account) has looked at or done. */
  looksBy: action<{ who: string; before?: string; limit?: number; language?: LedgerLanguage }, Looks>("ledger.looksBy"),
  /** Keeps what no owner has noted: refusals of a gateway, sign-ins. Once for each `id` (a UUID). @throws 503 LEDGER_STOPS */
  note: noteAudit,
  /** Goes through the whole chain. It takes as long as reading all that is kept. */
  check: action<Record<string, never>, ChainState>("ledger.check"),
};
