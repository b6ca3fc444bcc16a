/** Verifies the signatures of a resource: signer, version, and whether it has changed since. */
import { isType } from "../../../federation/errors.ts";
import type { Fact } from "../../../federation/facts.ts";
import type { QueryContext } from "../../../federation/query-context.ts";
import { readResource, readVersion } from "../../../federation/read.ts";
import { relativeReference } from "../../../fhir/ids.ts";
import { parseJson } from "../../../fhir/json.ts";
import type { FhirResource } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import { referenceClause, slotsOfParameters } from "../../../fhir/search/exact-clauses.ts";
import type { OwnFhir } from "../../../mixins/fhir/own-fhir.ts";
import { patientsIn } from "../../../mixins/fhir/rules/one-person.ts";
import { isAsSigned, JOSE } from "../../../mixins/fhir/rules/signed.ts";
import { splitReference } from "../../../mixins/fhir/domain-references.ts";
import type { Verification, VerifiedSignature } from "../records.contract.ts";
import { tooManySignatures } from "../records.errors.ts";
import type { SignatureKeys } from "./signature-keys.ts";
import { isGood, saidBy } from "./signature.model.ts";

/** Signatures of one resource that are verified. */
const MAX_SIGNATURES = 200;

interface Verifying {
  mesh: QueryContext;
  fhir: OwnFhir;
  keys: SignatureKeys;
}

/** Needs the right to read the resource. @throws 404 NOT_FOUND, 410 GONE, 409 TOO_MANY_SIGNATURES */
export async function verified(reference: string, { mesh, fhir, keys }: Verifying): Promise<Verification> {
  const [type, id] = splitReference(reference);
  const current = await readResource(mesh, type, id);
  const clauses = [
    referenceClause("Provenance", "target", [reference]),
    { kind: "missing" as const, slots: slotsOfParameters("Provenance", ["signature-type"]), missing: false },
  ];
  const found = await fhir.find({ type: "Provenance", clauses, limit: MAX_SIGNATURES + 1 });
  if (found.length > MAX_SIGNATURES) throw tooManySignatures(reference);
  const all = found.flatMap((provenance) =>
    (provenance.signature ?? []).flatMap(({ sigFormat, data }) =>
      sigFormat === JOSE && data !== undefined
        ? [{ provenance: `Provenance/${provenance.id}`, jws: Buffer.from(data, "base64").toString() }]
        : [],
    ),
  );
  const signatures: VerifiedSignature[] = [];
  for (const { provenance, jws } of all) {
    const said = saidBy(jws);
    const key = said && (await keys.known(said.kid));
    if (!said || !key || !said.target.startsWith(`${reference}/_history/`)) {
      signatures.push({ provenance, isValid: false, isCurrent: false });
      continue;
    }
    const { version = "" } = relativeReference(said.target) ?? {};
    const signed = await readVersion(mesh, type, id, Number(version)).catch((error: unknown) => {
      if (!isType(error, "NOT_FOUND")) throw error;
    });
    const isValid = signed?.json !== undefined && (await isGood(jws, signed.json, key));
    const { target, who, at } = said;
    const isCurrent = isValid && (signed.version === current.version || (await isSame(mesh, signed.json ?? "", current.json)));
    signatures.push({ provenance, target, who, at, isValid, isCurrent });
  }
  return { reference, version: current.version, signatures };
}

/** Whether the current version has the content of the signed one (`isAsSigned`). */
async function isSame(mesh: QueryContext, signedJson: string, currentJson: string): Promise<boolean> {
  const [signed, current] = [signedJson, currentJson].map((json) => parseJson(json) as FhirResource) as [FhirResource, FhirResource];
  const patients = new Set([...patientsIn(signed), ...patientsIn(current)]);
  const facts = new Map(await Promise.all([...patients].map(async (patient) => [patient, await patientFact(mesh, patient)] as const)));
  return isAsSigned(signed, current, { of: (reference) => facts.get(reference ?? "") });
}

/** A patient as the caller sees it; undefined: not at all. */
async function patientFact(mesh: QueryContext, reference: string): Promise<Fact | undefined> {
  const [type, id] = splitReference(reference);
  try {
    const { version, json } = await readResource(mesh, type, id);
    return { reference, is: "living", version, resource: parseJson(json) as Resource };
  } catch (error) {
    if (!["NOT_FOUND", "GONE", "NOT_ALLOWED"].some((type) => isType(error, type))) throw error;
    return undefined;
  }
}
