/** What a signature covers, and its form: plain data in, plain data out. */
import { createHash } from "node:crypto";
import { CompactSign, compactVerify, importJWK } from "jose";
import { namedAuthors } from "../../../fhir/authors.ts";
import { canonicalJson } from "../../../fhir/canonical-json.ts";
import type { Provenance } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import type { PublicPart, SigningKey } from "../../../mesh/signing-key.ts";
import { JOSE } from "../../../mixins/fhir/rules/signed.ts";

/** By type: the statuses of a finished resource; others cannot be signed. */
const FINISHED: Record<string, readonly string[]> = {
  Composition: ["final", "amended"],
  DiagnosticReport: ["final", "amended", "corrected", "appended"],
  DocumentReference: ["final", "amended"],
  MedicationRequest: ["active", "completed"],
};

/** The types that can be signed: notes, reports, prescriptions. */
export const SIGNED_TYPES = Object.keys(FINISHED);

/** Whether a resource is finished. A DocumentReference may omit the status of the document. */
export function isFinished(resource: Resource): boolean {
  const { resourceType: type, status, docStatus } = resource as Resource & { status?: string; docStatus?: string };
  if (type === "DocumentReference" && status !== "current") return false;
  const state = type === "DocumentReference" ? (docStatus ?? "final") : status;
  return FINISHED[type]?.includes(state ?? "") === true;
}

/** Signer, signed version and time, in the signature's protected header. */
export interface Signing {
  /** `DiagnosticReport/1/_history/2` */
  target: string;
  /** `Practitioner/1` */
  who: string;
  name?: string;
  /** ISO 8601, UTC. */
  at: string;
}

const digestOf = (json: string): Buffer => createHash("sha256").update(canonicalJson(json)).digest();

/** A JWS in compact form with detached payload, the SHA-256 of the version's canonical JSON (RFC 7515, appendix F). */
export async function signatureOf(json: string, { target, who, at }: Signing, key: SigningKey): Promise<string> {
  const header = { alg: "ES256", kid: key.kid, target, who, at };
  const [head, , end] = (await new CompactSign(digestOf(json)).setProtectedHeader(header).sign(await importJWK(key, "ES256"))).split(".");
  return `${head}..${end}`;
}

/** The unverified claims of a signature; undefined if it is not one of these. */
export function saidBy(jws: string): (Signing & { kid: string }) | undefined {
  try {
    const said = JSON.parse(Buffer.from(jws.split(".", 1)[0] as string, "base64url").toString()) as Signing & { kid: string };
    return [said.kid, said.target, said.who, said.at].every((it) => typeof it === "string") ? said : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the signature is by this key over this text. */
export async function isGood(jws: string, json: string, key: PublicPart): Promise<boolean> {
  const [head, , end] = jws.split(".");
  const whole = `${head}.${digestOf(json).toString("base64url")}.${end}`;
  return compactVerify(whole, await importJWK(key, "ES256"), { algorithms: ["ES256"] }).then(
    () => true,
    () => false,
  );
}

/** ASTM E1762: the author's signature, or that of a person who confirms the content. */
const PURPOSE = {
  author: { code: "1.2.840.10065.1.12.1.1", display: "Author's Signature" },
  verifier: { code: "1.2.840.10065.1.12.1.5", display: "Verification Signature" },
};

/** The Provenance with a signature. */
export function signedProvenance(
  id: string,
  resource: Resource,
  { target, who, name, at }: Signing,
  jws: string,
): Provenance & { id: string } {
  const isAuthor = namedAuthors(resource).some(({ reference }) => reference === who);
  const signer = { reference: who, ...(name !== undefined && { display: name }) };
  const code = isAuthor ? "author" : "verifier";
  return {
    resourceType: "Provenance",
    id,
    target: [{ reference: target }],
    recorded: at,
    activity: {
      coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-DocumentCompletion", code: "LA", display: "legally authenticated" }],
    },
    agent: [{ type: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/provenance-participant-type", code }] }, who: signer }],
    signature: [
      {
        type: [{ system: "urn:iso-astm:E1762-95:2013", ...PURPOSE[code] }],
        when: at,
        who: signer,
        targetFormat: "application/fhir+json",
        sigFormat: JOSE,
        data: Buffer.from(jws).toString("base64"),
      },
    ],
  };
}
