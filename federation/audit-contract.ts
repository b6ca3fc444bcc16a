/**
 * What a person has looked at or done, as an owner notes it before it answers. The service `ledger` keeps it as AuditEvents (IHE Basic Audit
 * Log Patterns).
 */
import type { Author } from "../mesh/access/author-contract.ts";
import { action, event } from "../mesh/contract.ts";

/** What was done: R4's interactions, an action of a service, a sign-in; `token`: a token, or a program's proof of itself, was shown that is not good. */
export type AuditedDeed =
  | "read"
  | "vread"
  | "history"
  | "search"
  | "create"
  | "update"
  | "delete"
  | "operation"
  | "sign-in"
  | "sign-out"
  | "token";

/** One deed of one request at one owner. */
export interface AuditEntry {
  /** Milliseconds since 1970. */
  at: number;
  deed: AuditedDeed;
  /** False: it was refused. */
  isDone: boolean;
  /** Of what was not done: it failed here, and was not refused. */
  isFault?: boolean;
  /** Why it was not done, without anything of the data: `409 VISIT_ALREADY_OPEN`. */
  why?: string;
  /** `who` is "" where nobody knows. */
  by: Author;
  /** Address of the client, where who asks is not known by a token. */
  address?: string;
  /** How often the same was tried within a minute; absent: once. */
  count?: number;
  /** The type of resource, or the action: `patients.match`. */
  type?: string;
  /** `Type/id`, at most 100. */
  what?: string[];
  /** `Patient/id`: whose data they are, at most 100; absent where there are more. */
  patients?: string[];
  /** How many patients there are, where they are too many to be named. */
  patientCount?: number;
  /** Method and address of the request, as it came. */
  query?: string;
  /** Id of the request, as its client may have named it. */
  call?: string;
  /** Its id by the gateway, which no other has: what is noted twice for one request, because its first answer was lost, is one. */
  work?: string;
}

/** Entries that an owner has noted together. */
export interface AuditBatch {
  /** The service that has answered. */
  owner: string;
  entries: AuditEntry[];
}

/** The event by which they reach the ledger. */
export const auditRecorded = event<AuditBatch>("audit.recorded");

/** Keeps what no owner has noted; answered by the service `ledger`. Once for each `id` (a UUID). */
export const noteAudit = action<{ id: string; owner: string; entries: AuditEntry[] }, null>("ledger.note");
