/**
 * Events on the stream are signed by the service that tells them, one signature for all of a message: they lie there for days, and who can write
 * to NATS could write there too. What a service may tell follows from its certificate (mesh/trust).
 */
import { sign, verify } from "node:crypto";
import { type AuditBatch, auditRecorded } from "../../federation/audit-contract.ts";
import { type Certificate, mayServe, type Signer, type Trusted } from "../../mesh/trust/certificate.ts";
import type { WaitingEvent } from "../../store/writes.ts";
import type { DurableEvent } from "./event.ts";

/** Header of a message: certificate and signature. */
export const SIGNED = "Signed";
const VERSIONS = "fhir.";

const signedBytes = (subject: string, text: string | Uint8Array) =>
  Buffer.concat([Buffer.from(`openward events\0${subject}\0`), typeof text === "string" ? Buffer.from(text) : text]);

/** What stands in the header. */
export function signatureOf(subject: string, text: string, { privateKey, certificate }: Signer): string {
  return `${certificate}.${sign(null, signedBytes(subject, text), privateKey).toString("base64url")}`;
}

/** The events in a message; undefined for what is none of ours. */
export function eventsIn(data: Uint8Array): WaitingEvent[] | undefined {
  try {
    const events = JSON.parse(Buffer.from(data).toString()) as unknown;
    return Array.isArray(events) ? (events as WaitingEvent[]) : undefined;
  } catch {
    return undefined;
  }
}

/** Who has signed the message. @param at when the server took it, milliseconds since 1970: a certificate may have ended since */
export function signerOf(subject: string, data: Uint8Array, header: string, trusted: Trusted, at: number): Certificate | undefined {
  const end = header.lastIndexOf(".");
  const certificate = trusted.certificate(header.slice(0, Math.max(end, 0)), at);
  const given = Buffer.from(header.slice(end + 1), "base64url");
  return certificate && verify(null, signedBytes(subject, data), certificate.key, given) ? certificate : undefined;
}

/** Whether the service may tell this: of versions of the types that it owns, of looks at its own records, and its own facts. */
export function mayTell(certificate: Certificate, { event, payload }: Pick<DurableEvent, "event" | "payload">): boolean {
  if (event.startsWith(VERSIONS)) return certificate.owns?.includes(event.slice(VERSIONS.length)) ?? true;
  const service = event === auditRecorded.event ? (payload as Partial<AuditBatch> | null)?.owner : event.slice(0, event.indexOf("."));
  return typeof service === "string" && mayServe(certificate, service);
}
