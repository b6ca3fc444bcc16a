/** Records a gateway's own failures: a line in the log, an anomaly in the journal. */
import type { IncomingMessage } from "node:http";
import type { Service } from "moleculer";
import { anomaliesOf } from "../../../mesh/anomalies.ts";
import { AnomalyKind } from "../../../mesh/anomalies-contract.ts";
import { faultOf } from "../../../mesh/log.ts";
import type { Answer } from "./answer.ts";

/** An error's type; anything else could contain data. */
const ERROR_TYPE = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * Reports an answer 5xx to the journal, except 501, which only means that something is not implemented. Reported are the error's type and the
 * request's id, neither path nor message.
 * @returns the same answer
 */
export function noteFailure(service: Service, error: unknown, answer: Answer, trace?: string | null): Answer {
  if (answer.status < 500 || answer.status === 501) return answer;
  const { type } = error as { type?: unknown };
  anomaliesOf(service.broker).report({
    kind: AnomalyKind.failedRequest,
    subject: typeof type === "string" && ERROR_TYPE.test(type) ? type : "INTERNAL_ERROR",
    status: answer.status,
    ...(trace && { trace }),
  });
  return answer;
}

/** Logs failures that are not the client's, with the path but without the query, which may name a patient. */
export function logOwnFault(service: Service, request: IncomingMessage, error: unknown): void {
  const { code, type } = error as { code?: unknown; type?: unknown };
  // Errors of the platform have numbers, too (DOMException: 25), and are answered 500.
  const isTyped = typeof type === "string" && typeof code === "number" && code >= 400 && code < 500;
  const isRefusal = isTyped || (error as { status?: number }).status !== undefined;
  if (isRefusal || code === 501 || code === 503 || code === 507) return;
  service.logger.error(`${request.method} ${pathOnly(request)}: ${type ?? ""} ${faultOf(error as Error)}`);
}

/** Paths whose last part is as good as a password. */
const SECRET_PATHS = /^(\/auth\/(?:password|interaction)\/).*/;

/** A request's path without its query, and without what would give access to an account if read in a log. */
export const pathOnly = (request: IncomingMessage): string => ((request.url ?? "").split("?", 1)[0] ?? "").replace(SECRET_PATHS, "$1…");
