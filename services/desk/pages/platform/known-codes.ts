/** What is ordered and prescribed in this house: the codes of its latest requests, to choose from. */
import type { CodeableConcept, MedicationRequest, ServiceRequest } from "../../../../fhir/r4.ts";
import { search } from "./api.ts";
import { conceptOf } from "./names.ts";

/** A code with a name to choose it by. */
export interface KnownCode {
  system: string;
  code: string;
  display: string;
}

/** Requests that are looked through, the latest. */
const MAX_LOOKED_AT = "500";

function distinct(concepts: (CodeableConcept | undefined)[]): KnownCode[] {
  const known = new Map<string, KnownCode>();
  for (const concept of concepts) {
    const { system = "", code } = concept?.coding?.[0] ?? {};
    if (code !== undefined && system !== "") known.set(`${system}|${code}`, { system, code, display: conceptOf(concept) });
  }
  return [...known.values()].sort((a, b) => a.display.localeCompare(b.display));
}

/** Medications that were prescribed. */
export async function knownMedications(): Promise<KnownCode[]> {
  const { resources } = await search<MedicationRequest>("MedicationRequest", { _sort: "-authoredon", _count: MAX_LOOKED_AT });
  return distinct(resources.map(({ medicationCodeableConcept }) => medicationCodeableConcept));
}

/** Tests that were ordered. */
export async function knownTests(): Promise<KnownCode[]> {
  const { resources } = await search<ServiceRequest>("ServiceRequest", { _sort: "-authored", _count: MAX_LOOKED_AT });
  return distinct(resources.map(({ code }) => code));
}
