/** Turns every error of the mesh into an answer of /api: `{ "error": { code, type, message, data } }`. */
import { visibleTexts } from "../../../fhir/visible-text.ts";
import { isUnanswered, paramFaults, refusalOf, silentService } from "../fhir/fhir-refusals.ts";
import type { Answer } from "../http/answer.ts";

/** The answer to an error, without internals. */
export function refuse(error: unknown): Answer {
  const { status, issues, headers } = refusalOf(error);
  const { type, data } = error as { type?: string; data?: unknown };
  const { authenticate: _, ...shown } = isObject(data) ? (data as Record<string, unknown>) : {};
  const isInside = status === 500;
  const faults = paramFaults(error);
  const silent = isUnanswered(status) ? silentService(error) : undefined;
  const body = {
    error: {
      code: status,
      type: isInside ? "INTERNAL_ERROR" : typeOf(status, type),
      message: issues.map((issue) => issue.diagnostics).join(" "),
      ...(faults && { data: { fields: faults } }),
      ...(silent !== undefined && { data: { service: silent } }),
      ...(!faults && status < 500 && isObject(data) && Object.keys(shown).length > 0 && { data: shown }),
    },
  };
  return {
    status,
    headers: { ...headers, "Content-Type": "application/json; charset=utf-8" },
    body: JSON.stringify(visibleTexts(JSON.parse(JSON.stringify(body)))),
  };
}

/** An error of FHIR is of type INVALID, whatever its status. */
const typeOf = (status: number, type = "ERROR"): string => (type === "INVALID" && status === 429 ? "THROTTLED" : type);

const isObject = (data: unknown): boolean => typeof data === "object" && data !== null && !Array.isArray(data);
