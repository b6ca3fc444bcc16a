/** Errors of the FHIR API, and the OperationOutcome that describes them (R4 OperationOutcome). */

import { visibleTexts } from "./visible-text.ts";

/** One fault or message. */
export interface Issue {
  severity: "fatal" | "error" | "warning" | "information";
  /** R4's IssueType, e.g. "invalid", "not-supported", "too-costly". */
  code: string;
  /** Identifies the error, a reference to what is not here, or the services that do not answer: for programs, and pages in their own language. */
  details?: { coding: { system: string; code: string }[] };
  /** For a person: what is wrong, and what to change. Never contains patient data. */
  diagnostics: string;
  /** FHIRPath of the element, or the name of the search parameter. */
  expression?: string[];
}

/** System of a coding in `issue.details`: the service that does not answer, by its name in the mesh. */
const SILENT_SERVICE = "urn:openward:service";

/** System of the codes of error types, as in `issue.details`: `PRACTITIONER_BUSY`. */
export const ERROR_TYPES = "urn:openward:error";

/** System of a coding in `issue.details`: the reference to a resource that is not here, as "Patient/1"; the same may be accepted once it is. */
export const MISSING_REFERENCE = "urn:openward:missing-reference";

/** `issue.details` that name the services that do not answer; {} for none. */
export const silentServices = (services: string[]): Pick<Issue, "details"> =>
  services.length === 0 ? {} : { details: { coding: services.map((code) => ({ system: SILENT_SERVICE, code })) } };

/** The OperationOutcome of an answer, as its body or as an entry of it. */
export interface OperationOutcome {
  resourceType: "OperationOutcome";
  issue: Issue[];
}

/**
 * A refusal by FHIR's rules: the HTTP status, and every fault that was found. `code`, `type` and `data` survive the mesh, where the class
 * is lost.
 */
export class FhirError extends Error {
  readonly status: number;
  readonly issues: Issue[];
  readonly code: number;
  readonly type = "INVALID";
  readonly data: { issues: Issue[] };
  constructor(status: number, issues: Issue[]) {
    super(issues.map((issue) => issue.diagnostics).join(" "));
    this.name = "FhirError";
    this.status = status;
    this.issues = issues;
    this.code = status;
    this.data = { issues };
  }
}

/** An error with one fault. */
export function fhirError(status: number, code: string, diagnostics: string, ...expression: string[]): FhirError {
  return new FhirError(status, [{ severity: "error", code, diagnostics, ...(expression.length ? { expression } : {}) }]);
}

/** An OperationOutcome; invisible characters in what it quotes are written out. @param issues at least one */
export function outcome(...issues: Issue[]): OperationOutcome {
  return { resourceType: "OperationOutcome", issue: visibleTexts(issues) };
}
