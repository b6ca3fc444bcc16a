/** Anomalies, as nodes report them to the service `journal`. */
import { action } from "./contract.ts";

/** Kind of an anomaly. */
export const AnomalyKind = {
  /** The gateway answered with a 5xx. */
  failedRequest: "failed-request",
  /** A node opened its circuit breaker for an action of another node, which had failed too often. */
  circuitOpened: "circuit-opened",
  /** A node left the mesh without announcing it. */
  nodeLost: "node-lost",
  /** A process was ended because its event loop was blocked. */
  processHung: "process-hung",
  /** An event could not be handled and became a dead letter (mixins/events). */
  deadLetter: "dead-letter",
  /** A message was refused (mesh/trust): a node claims more than its key permits. */
  refusedPacket: "refused-packet",
  /** A store contains resources of a type that its service does not own: they are not shown. */
  unownedType: "unowned-type",
  /** The clock of a machine is not the time of the other nodes. */
  clockOff: "clock-off",
  /** A node has another value of a setting that must be the same everywhere. */
  settingsDiffer: "settings-differ",
} as const;
export type AnomalyKind = (typeof AnomalyKind)[keyof typeof AnomalyKind];

/** A report of an anomaly. */
export interface AnomalyReport {
  kind: AnomalyKind;
  /** An error's type, an action, or a node. Cut to 200 characters. */
  subject: string;
  /** The reporting node; for a lost node, the lost one. */
  node: string;
  /** Id of one of the requests, as in its X-Request-ID. */
  trace?: string;
  /** HTTP status, if there is one. */
  status?: number;
  /** Number of occurrences since the last report. */
  count: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** Action of the service `journal`; up to 100 reports in one call. */
export const noteAnomalies = action<{ reports: AnomalyReport[] }, null>("journal.note");
