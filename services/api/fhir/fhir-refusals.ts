/** Turns every error of the mesh into a FHIR answer: status and OperationOutcome, without internals. */
import { FhirError, type Issue, outcome, silentServices } from "../../../fhir/outcome.ts";
import type { Answer } from "../http/answer.ts";
import { FHIR_JSON } from "./media-types.ts";

/** Issue code by the error's `type`; other types get the code of their status. */
const CODES: Record<string, string> = {
  NOT_SUPPORTED: "not-supported",
  OWNER_DOWN: "transient",
  SERVICE_DOWN: "transient",
  NOT_FOUND: "not-found",
  GONE: "deleted",
  STALE_VERSION: "conflict",
  MULTIPLE_MATCHES: "multiple-matches",
  LOCKED: "lock-error",
  ID_TAKEN: "duplicate",
  STORE_UNAVAILABLE: "transient",
  STORE_FULL: "no-store",
  TRANSACTION_ABORTED: "transient",
  TRANSACTION_UNCLEAR: "transient",
  REQUEST_TIMEOUT: "timeout",
  QUEUE_FULL: "throttled",
  REQUEST_REJECTED: "transient",
  SERVICE_NOT_FOUND: "not-supported",
  SERVICE_NOT_AVAILABLE: "transient",
  METHOD_NOT_ALLOWED: "not-supported",
  APPEND_ONLY: "not-supported",
  NOT_ACCEPTABLE: "not-supported",
  UNSUPPORTED_MEDIA_TYPE: "not-supported",
  BODY_TOO_LARGE: "too-long",
  WRONG_RESOURCE_TYPE: "invalid",
  REQUEST_TOO_SLOW: "timeout",
  MISDIRECTED: "not-supported",
};

const BY_STATUS: Record<number, string> = {
  400: "invalid",
  401: "login",
  403: "forbidden",
  404: "not-found",
  409: "business-rule",
  412: "conflict",
  413: "too-long",
  415: "not-supported",
  422: "processing",
  429: "throttled",
  501: "not-supported",
  503: "transient",
  507: "no-store",
};

/** Statuses after which a request may succeed within a second. */
const SOON = new Set([429, 503]);
/** A full disk will not be empty within a second. Seconds. */
const FULL_RETRY_AFTER = "10";

interface MeshError {
  code?: unknown;
  type?: unknown;
  message: string;
  data?: { issues?: unknown; allow?: unknown; authenticate?: unknown; entry?: unknown; retryAfter?: unknown };
}

/** An error as FHIR clients get it; headers are Allow, WWW-Authenticate and Retry-After. */
export interface ErrorAnswer {
  status: number;
  issues: Issue[];
  headers: Record<string, string>;
}

/** An error of Moleculer's validator about one parameter, without the internals that it adds. */
interface Fault {
  type?: unknown;
  field?: unknown;
  message?: unknown;
}

/** The parameters that an action refuses, according to the validator; undefined for other errors. */
export function paramFaults(error: unknown): { field: string; rule: string; message: string }[] | undefined {
  const { type, data } = error as { type?: unknown; data?: unknown };
  if (type !== "VALIDATION_ERROR" || !Array.isArray(data)) return undefined;
  return (data as Fault[]).map(({ field = "", type: rule, message }) => {
    const isNamed = field === "" || `${message}`.includes(`${field}`);
    return { field: `${field}`, rule: `${rule}`, message: isNamed ? `${message}` : `In '${field}': ${message}` };
  });
}

const issueOfParam = ({ field, rule, message }: { field: string; rule: string; message: string }): Issue => ({
  severity: "error",
  code: rule === "required" ? "required" : "value",
  diagnostics: message,
  ...(field !== "" && { expression: [field] }),
});

/**
 * The service that did not answer, if the error names it; undefined for other errors. The name is not secret: `/health/ready` and the names of
 * actions contain it.
 */
export function silentService(error: unknown): string | undefined {
  const { service, action } = (error as { data?: { service?: unknown; action?: unknown } | null }).data ?? {};
  if (typeof service === "string") return service;
  return typeof action === "string" ? /^([a-z][a-z0-9-]*)\./.exec(action)?.[1] : undefined;
}

/** Whether the status means that something did not answer, as clients see it. */
export const isUnanswered = (status: number): boolean => status >= 502 && status <= 504;

/** The header of an error after which the request can be sent again. */
function retryAfter(status: number, type?: unknown): Record<string, string> {
  if (status === 507) return { "Retry-After": FULL_RETRY_AFTER };
  return SOON.has(status) || type === "LOCKED" || type === "IDEMPOTENCY_KEY_IN_USE" ? { "Retry-After": "1" } : {};
}

/** The error for clients. An internal error only says that it happened. */
export function refusalOf(error: unknown): ErrorAnswer {
  if (error instanceof FhirError) return { status: error.status, issues: error.issues, headers: retryAfter(error.status) };
  const { code, type, message, data } = error as MeshError;
  let status = typeof code === "number" && code >= 400 && code < 600 ? code : 500;
  if (typeof type === "string" && type in frameworks) status = 503;
  const headers = retryAfter(status, type);
  const faults = paramFaults(error);
  if (faults) return { status, issues: faults.map(issueOfParam), headers };
  if (Array.isArray(data?.issues)) return { status, issues: data.issues.map(issueOnly), headers };
  if (typeof data?.allow === "string") headers.Allow = data.allow;
  if (typeof data?.authenticate === "string") headers["WWW-Authenticate"] = data.authenticate;
  const isOurs = typeof type !== "string" || status === 500;
  const silent = isUnanswered(status) ? silentService(error) : undefined;
  const issue: Issue = {
    severity: isOurs ? "fatal" : "error",
    code: isOurs ? "exception" : (CODES[type as string] ?? BY_STATUS[status] ?? "processing"),
    ...silentServices(silent === undefined ? [] : [silent]),
    diagnostics: isOurs ? "Internal error. It is in the server's log." : (frameworks[type as string] ?? message),
    ...(typeof data?.entry === "number" && { expression: [`Bundle.entry[${data.entry}]`] }),
  };
  return { status: isOurs && status < 500 ? 500 : status, issues: [issue], headers };
}

/**
 * Adapts the coordinator's refusal of a request for a single resource, which the client did not send as a bundle: no path may start in one.
 * @returns the same error
 */
export function outsideBundle(error: unknown, type: string): unknown {
  const { data } = error as { data?: { entry?: unknown; issues?: Issue[] } };
  if (!data) return error;
  delete data.entry;
  for (const issue of data.issues ?? []) {
    const paths = issue.expression?.flatMap((path) => {
      if (!path.startsWith("Bundle.entry[0]")) return [path];
      const inside = /^Bundle\.entry\[0\]\.resource(.*)$/.exec(path)?.[1];
      return inside === undefined ? [] : [type + inside];
    });
    if (paths && paths.length > 0) issue.expression = paths;
    else delete issue.expression;
  }
  return error;
}

const issueOnly = ({ severity, code, details, diagnostics, expression }: Issue): Issue => ({
  severity,
  code,
  ...(details && { details }),
  diagnostics,
  ...(expression && { expression }),
});

/** Moleculer's own messages name nodes and actions; clients get these instead. */
const frameworks: Record<string, string> = {
  SERVICE_NOT_FOUND: "The service that answers this is not running at the moment; try again later.",
  SERVICE_NOT_AVAILABLE: "The service that answers this is not available at the moment; try again later.",
  REQUEST_TIMEOUT: "A service did not answer in time; try again.",
  REQUEST_REJECTED: "A service stopped while it worked on this; try again.",
  REQUEST_SKIPPED: "There was no time left to begin this call; try again.",
  BAD_GATEWAY: "The services cannot be reached at the moment; try again later.",
  QUEUE_FULL: "The server is busy; try again in a moment.",
};

/** The answer to an error: an OperationOutcome. */
export function refuse(error: unknown): Answer {
  const { status, issues, headers } = refusalOf(error);
  return { status, headers: { ...headers, "Content-Type": FHIR_JSON }, body: JSON.stringify(outcome(...issues)) };
}
