/** What the gateway knows of a request beside HTTP: its place, and the client. */
import type { IncomingMessage } from "node:http";
import type { Exchange } from "./http-exchange.ts";
import type { WorkGate } from "./work-gate.ts";

/** A request that has a place. */
export interface Received extends IncomingMessage {
  /** Absent while it has none: of a health check, and of what is refused at once. */
  exchange?: Exchange;
  gate?: WorkGate;
  /** Its body, where that is awaited before anything is done for it; until it is read. */
  arriving?: Promise<Buffer> | undefined;
}

/** The place that a request has; undefined while it has none. */
export const exchangeOf = (request: IncomingMessage): Exchange | undefined => (request as Received).exchange;
/** The gate that large work of a request passes; undefined while it has no place. */
export const gateOf = (request: IncomingMessage): WorkGate | undefined => (request as Received).gate;
