/** The header `traceparent` (W3C Trace Context, Level 1). */

/** Version 00, or the beginning of a later version: trace id, id of the calling span, flags (1: it is recorded). */
const TRACEPARENT = /^(?!ff)(?!00-.{53})[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** The caller's position in a trace, from its header. */
export interface TraceParent {
  traceId: string;
  spanId: string;
  flags: number;
}

/** @returns undefined for an invalid header, which is ignored (W3C Trace Context, 4.3) */
export function traceParentIn(header: unknown): TraceParent | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(typeof header === "string" ? header.trim().slice(0, 256) : "") ?? [];
  return traceId !== undefined && spanId !== undefined ? { traceId, spanId, flags: Number.parseInt(flags ?? "0", 16) } : undefined;
}

/** The header's text. */
export const traceParentOf = ({ traceId, spanId, flags }: TraceParent): string =>
  `00-${traceId}-${spanId}-${(flags & 1).toString(16).padStart(2, "0")}`;
