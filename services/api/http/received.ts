/** What the gateway attaches to a request: its exchange, and the gate of its client. */
import type { IncomingMessage } from "node:http";
import type { Exchange } from "./http-exchange.ts";
import type { WorkGate } from "./work-gate.ts";

/** A request that was admitted. */
export interface Received extends IncomingMessage {
  /** Absent before admission: for probes, and requests that are refused at once. */
  exchange?: Exchange;
  gate?: WorkGate;
  /** The body, if it is awaited before anything else is done; until it is read. */
  arriving?: Promise<Buffer> | undefined;
}

/** The exchange of a request; undefined before admission. */
export const exchangeOf = (request: IncomingMessage): Exchange | undefined => (request as Received).exchange;
/** The gate for large work of a request; undefined before admission. */
export const gateOf = (request: IncomingMessage): WorkGate | undefined => (request as Received).gate;
