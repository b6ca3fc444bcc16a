/** Codes used in this hospital, from its latest orders and prescriptions, to choose from. */
import type { CodeableConcept, Medication, MedicationRequest, ServiceRequest } from "../../../../fhir/r4.ts";
import { type Refused, search } from "./api.ts";
import { conceptOf } from "./shown-values.ts";

/** A code with a name to choose it by. */
export interface KnownCode {
  system: string;
  code: string;
  display: string;
}

/** Number of the latest requests that are examined. */
const MAX_LOOKED_AT = "500";

function distinct(concepts: (CodeableConcept | undefined)[]): KnownCode[] {
  const known = new Map<string, KnownCode>();
  for (const concept of concepts) {
    const { system = "", code } = concept?.coding?.[0] ?? {};
    if (code !== undefined && system !== "") known.set(`${system}|${code}`, { system, code, display: conceptOf(concept) });
  }
  return [...known.values()].sort((a, b) => a.display.localeCompare(b.display));
}

/** Code system of medications without a code of another system. */
export const HOSPITAL_CODES = "urn:openward:medication";
/** Limit of the hospital's medications. */
const MAX_MEDICATIONS = "1000";

/** The hospital's medications, and those prescribed. */
export async function knownMedications(): Promise<KnownCode[]> {
  const [listed, prescribed] = await Promise.all([
    // A hospital's own role may prescribe without the right to search these.
    search<Medication>("Medication", { status: "active", "lot-number:missing": "true", _count: MAX_MEDICATIONS }).catch(
      (error: Refused) => {
        if (error.status === 403) return { resources: [] };
        throw error;
      },
    ),
    search<MedicationRequest>("MedicationRequest", { _sort: "-authoredon", _count: MAX_LOOKED_AT }),
  ]);
  const concepts = prescribed.resources.map(({ medicationCodeableConcept }) => medicationCodeableConcept);
  return distinct([...concepts, ...listed.resources.map(({ code }) => code)]);
}

/** Tests that were ordered. */
export async function knownTests(): Promise<KnownCode[]> {
  const { resources } = await search<ServiceRequest>("ServiceRequest", { _sort: "-authored", _count: MAX_LOOKED_AT });
  return distinct(resources.map(({ code }) => code));
}
