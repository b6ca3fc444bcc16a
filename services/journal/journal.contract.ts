import { type AnomalyKind, noteAnomalies, type AnomalyReport } from "../../mesh/anomalies-contract.ts";
import { action } from "../../mesh/contract.ts";

/** An error or failure, seen once or several times within a minute. Contains ids of requests and names of services only, no patient data. */
export interface Anomaly extends Omit<AnomalyReport, "at"> {
  /** Number of occurrences within one minute. */
  count: number;
  firstAt: string; // ISO 8601, UTC
  lastAt: string; // ISO 8601, UTC
}

/** Everything that other services may know about `journal`. */
export const journal = {
  /** Anomalies of the last 30 days, newest first: of one kind, or since a time (ISO 8601). At most `limit`, 100 by default, 1,000 at most. */
  list: action<{ kind?: AnomalyKind; since?: string; limit?: number }, Anomaly[]>("journal.list"),
  /** Records what a node has seen, up to 100 reports. Equal reports within one minute are one anomaly with a count. */
  note: noteAnomalies,
};
