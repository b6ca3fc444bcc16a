/** Finds the medication and the lot of a resource: from a code, or from a Medication that it contains or refers to. */
import type { CodeableConcept, Medication, Reference, Resource } from "../../../fhir/r4.ts";
import { localReference } from "../../../federation/facts.ts";
import type { EffectTools } from "../../../mixins/fhir/rules/effects.ts";
import type { Code } from "../pharmacy.contract.ts";
import { codesOf } from "../pharmacy.model.ts";

/** Characters of a lot number that are used. */
const MAX_LOT = 100;

/** How a resource names its medication. */
export interface Named {
  concept?: CodeableConcept | undefined;
  reference?: Reference | undefined;
  contained?: Resource[] | undefined;
}

/** A medication by its codes, and its lot. */
export interface MedicationLot {
  codes: Code[];
  lot?: string;
  /** FHIR date */
  expires?: string;
}

/** The medication of a resource. */
export async function itemOf({ concept, reference, contained }: Named, { read }: Pick<EffectTools, "read">): Promise<MedicationLot> {
  const text = reference?.reference;
  if (text === undefined) return { codes: codesOf(concept) };
  const place = localReference(text);
  const medication = text.startsWith("#")
    ? (contained?.find((it) => it.resourceType === "Medication" && it.id === text.slice(1)) as Medication | undefined)
    : place?.startsWith("Medication/") && (await read<Medication>(place));
  return medication ? { codes: codesOf(medication.code), ...lotOf(medication) } : { codes: codesOf(concept) };
}

/** The lot of a Medication with `batch`. */
export function lotOf({ batch }: Medication): { lot?: string; expires?: string } {
  const { lotNumber, expirationDate } = batch ?? {};
  const lot = lotNumber?.trim().slice(0, MAX_LOT);
  return {
    ...(lot !== undefined && lot !== "" && { lot }),
    ...(expirationDate !== undefined && { expires: expirationDate.slice(0, "2027-12-31".length) }),
  };
}
