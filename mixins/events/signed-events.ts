/**
 * Messages on the stream are signed by the service that emits their events, one signature per message: they stay there for days, and whoever
 * has write access to NATS could add others. Which events a service may emit follows from its certificate (mesh/trust).
 */
import { sign, verify } from "node:crypto";
import { type AuditBatch, auditRecorded } from "../../federation/audit-contract.ts";
import { type Certificate, mayServe, type Signer, type Trusted } from "../../mesh/trust/certificate.ts";
import type { WaitingEvent } from "../../store/writes.ts";
import type { DurableEvent } from "./event.ts";

/** Header of a message with the certificate and the signature. */
export const SIGNED = "Signed";
const VERSIONS = "fhir.";

const signedBytes = (subject: string, text: string | Uint8Array) =>
  Buffer.concat([Buffer.from(`openward events\0${subject}\0`), typeof text === "string" ? Buffer.from(text) : text]);

/** Value of the header. */
export function signatureOf(subject: string, text: string, { privateKey, certificate }: Signer): string {
  return `${certificate}.${sign(null, signedBytes(subject, text), privateKey).toString("base64url")}`;
}

/** The events in a message; undefined if it is not one of this mesh. */
export function eventsIn(data: Uint8Array): WaitingEvent[] | undefined {
  try {
    const events = JSON.parse(Buffer.from(data).toString()) as unknown;
    return Array.isArray(events) ? (events as WaitingEvent[]) : undefined;
  } catch {
    return undefined;
  }
}

/** The signer of a message. @param at when the server received it, milliseconds since 1970: the certificate may have expired since then */
export function signerOf(subject: string, data: Uint8Array, header: string, trusted: Trusted, at: number): Certificate | undefined {
  const end = header.lastIndexOf(".");
  const certificate = trusted.certificate(header.slice(0, Math.max(end, 0)), at);
  const given = Buffer.from(header.slice(end + 1), "base64url");
  return certificate && verify(null, signedBytes(subject, data), certificate.key, given) ? certificate : undefined;
}

/** Whether the service may emit the event: versions of the types that it owns, audit entries about its records, and its own facts. */
export function mayTell(certificate: Certificate, { event, payload }: Pick<DurableEvent, "event" | "payload">): boolean {
  if (event.startsWith(VERSIONS)) return certificate.owns?.includes(event.slice(VERSIONS.length)) ?? true;
  const service = event === auditRecorded.event ? (payload as Partial<AuditBatch> | null)?.owner : event.slice(0, event.indexOf("."));
  return typeof service === "string" && mayServe(certificate, service);
}
