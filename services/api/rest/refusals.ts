/** Every error of the mesh as a client of /api sees it: `{ "error": { code, type, message, data } }`. */
import { FhirError } from "../../../fhir/outcome.ts";
import { refusalOf } from "../fhir/refusals.ts";
import type { Answer } from "../http/answer.ts";

export function refuse(error: unknown): Answer {
  const { status, issues, headers } = refusalOf(error);
  const { type, data } = error as { type?: string; data?: unknown };
  const isInside = status === 500;
  const body = {
    error: {
      code: status,
      type: isInside ? "INTERNAL_ERROR" : error instanceof FhirError ? "INVALID" : (type ?? "ERROR"),
      message: issues.map((issue) => issue.diagnostics).join(" "),
      ...(!isInside && status < 500 && data !== undefined && { data }),
    },
  };
  return { status, headers: { ...headers, "Content-Type": "application/json; charset=utf-8" }, body: JSON.stringify(body) };
}
