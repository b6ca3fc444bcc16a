/** What a node may report as gone wrong; the service `journal` takes it. */
import { action } from "./contract.ts";

/** What kind of thing went wrong. */
export const AnomalyKind = {
  /** The gateway answered with a 5xx. */
  failedRequest: "failed-request",
  /** A node stopped calling an action of another, which failed too often. */
  circuitOpened: "circuit-opened",
  /** A node left the mesh without saying so. */
  nodeLost: "node-lost",
  /** A process was ended because its event loop stood still. */
  processHung: "process-hung",
  /** An event could not be handled and was set aside (mixins/events). */
  deadLetter: "dead-letter",
  /** A message of the mesh was not believed (mesh/trust): some node claims what its key may not. */
  refusedPacket: "refused-packet",
  /** A store holds resources of a type that its service does not own: nobody is shown them. */
  unownedType: "unowned-type",
} as const;
export type AnomalyKind = (typeof AnomalyKind)[keyof typeof AnomalyKind];

/** One thing that went wrong, as a node reports it. */
export interface AnomalyReport {
  kind: AnomalyKind;
  /** What it is about: an error's type, an action, a node. Cut to 200 characters. */
  subject: string;
  /** The node that has seen it; of a lost node, that node. */
  node: string;
  /** Id of one of the requests, as its client has it in X-Request-ID. */
  trace?: string;
  /** HTTP status, where there is one. */
  status?: number;
  /** How often since the report before. */
  count: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** Answered by the service `journal`; up to 100 reports in one call. */
export const noteAnomalies = action<{ reports: AnomalyReport[] }, null>("journal.note");
