import { type AnomalyKind, noteAnomalies, type AnomalyReport } from "../../mesh/anomalies-contract.ts";
import { action } from "../../mesh/contract.ts";

/** Something that went wrong, once or several times within a minute. No patient data: ids of requests and names of services only. */
export interface Anomaly extends Omit<AnomalyReport, "at"> {
  /** How often, within one minute. */
  count: number;
  firstAt: string; // ISO 8601, UTC
  lastAt: string; // ISO 8601, UTC
}

/** Everything that other services may know about `journal`. */
export const journal = {
  /** Anomalies of the last 30 days, newest first: of one kind, or since a time (ISO 8601). At most `limit`, 100 by default, 1,000 at most. */
  list: action<{ kind?: AnomalyKind; since?: string; limit?: number }, Anomaly[]>("journal.list"),
  /** Notes what a node has seen, up to 100 reports. The same within one minute is one anomaly, counted. */
  note: noteAnomalies,
};
