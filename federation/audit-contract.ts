/**
 * What a person has seen or done, as recorded by an owner before it answers. The service `ledger` stores it as AuditEvents (IHE Basic Audit
 * Log Patterns).
 */
import type { Author } from "../mesh/access/author-contract.ts";
import { action, event } from "../mesh/contract.ts";

/** What was done: one of R4's interactions, an action of a service, a sign-in; `token`: an invalid token or program key was presented. */
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

/** What one request did at one owner. */
export interface AuditEntry {
  /** The service that answered, if another one of its process has recorded it. */
  service?: string;
  /** Milliseconds since 1970. */
  at: number;
  deed: AuditedDeed;
  /** False: it was refused, or failed. */
  isDone: boolean;
  /** If it was not done: it failed here, rather than being refused. */
  isFault?: boolean;
  /** Why it was not done, without any of the data: `409 VISIT_ALREADY_OPEN`. */
  why?: string;
  /** `who` is "" if not known. */
  by: Author;
  /** Network address of the client, if the gateway knows it. */
  address?: string;
  /** How often the same was tried within a minute; absent: once. */
  count?: number;
  /** Type of the resource, or the action: `patients.match`. */
  type?: string;
  /** `Type/id`, at most 100. */
  what?: string[];
  /** `Patient/id` of those whose data it was, at most 100; absent if there are more. */
  patients?: string[];
  /** Number of patients, if there are too many to name. */
  patientCount?: number;
  /** Method and URL of the request, as received. */
  query?: string;
  /** Id of the request, which its client may have chosen. */
  call?: string;
  /** Unique id given by the gateway: entries recorded twice for one request, because its first answer was lost, count as one. */
  work?: string;
}

/** Entries that an owner has recorded together. */
export interface AuditBatch {
  /** The service that has recorded them, and that answered unless an entry names another one. */
  owner: string;
  entries: AuditEntry[];
}

/** The event that brings them to the ledger. */
export const auditRecorded = event<AuditBatch>("audit.recorded");

/** Stores entries of processes that are not owners; answered by the service `ledger`. Idempotent by `id` (a UUID). */
export const noteAudit = action<{ id: string; owner: string; entries: AuditEntry[] }, null>("ledger.note");
