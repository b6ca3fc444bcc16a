/** Writes of a plain FHIR server (`RULES=off`): what a client sends to `/fhir` is stored as it was sent, and changes nothing else. */
import type { RequestMeta } from "./keyed-request.ts";

const AS_SENT = "asSent";

/** Marks all calls of a request as those of a plain FHIR server. Only gateways set it. */
export function markAsSent(meta: RequestMeta): void {
  meta[AS_SENT] = true;
}

/** Whether a call belongs to such a request. */
export const isAsSent = (meta: RequestMeta | undefined): boolean => meta?.[AS_SENT] === true;
