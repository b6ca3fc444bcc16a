import type { AnomalyReport } from "../../mesh/anomalies-contract.ts";
import type { Document } from "../../store/documents/documents.ts";
import type { Anomaly } from "./journal.contract.ts";

// The rules of the journal: plain data in, plain data out. No broker, no database, no clock.

/** Retention of anomalies, milliseconds. */
export const KEEP_MS = 30 * 86_400_000;
/** Time within which equal reports are one anomaly, milliseconds. */
const SAME_MS = 60_000;

/** The stored document of an anomaly. */
export interface StoredAnomaly extends Document, Omit<Anomaly, "firstAt" | "lastAt"> {
  firstAt: number; // milliseconds since 1970
  lastAt: number; // milliseconds since 1970
  expiresAt: number; // milliseconds since 1970
}

/** The document of a report; reports of the same anomaly within one minute have the same id. */
export function anomalyOf({ kind, subject, node, trace, status, count, at }: AnomalyReport): StoredAnomaly {
  return {
    _id: [kind, node, subject, status ?? "", Math.floor(at / SAME_MS)].join("|"),
    kind,
    subject,
    node,
    ...(trace !== undefined && { trace }),
    ...(status !== undefined && { status }),
    count,
    firstAt: at,
    lastAt: at,
    expiresAt: at + KEEP_MS,
  };
}

/** An anomaly as callers get it. */
export function anomalyFrom({ kind, subject, node, trace, status, count, firstAt, lastAt }: StoredAnomaly): Anomaly {
  return {
    kind,
    subject,
    node,
    ...(trace !== undefined && { trace }),
    ...(status !== undefined && { status }),
    count,
    firstAt: new Date(firstAt).toISOString(),
    lastAt: new Date(lastAt).toISOString(),
  };
}
