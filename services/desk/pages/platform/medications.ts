/** What a prescription, a dose or a dispense is of, whichever way it says so: by code or words, by a Medication within it, or by one that is stored. */
import type { CodeableConcept, FhirResource, Medication, Reference, Resource } from "../../../../fhir/r4.ts";
import type { DueDose } from "../../../pharmacy/doses.contract.ts";
import { type Found, search } from "./api.ts";
import { conceptOf } from "./shown-values.ts";
import { t } from "./texts.ts";

/** Limit of remembered medications: more than a hospital has. */
const MAX_KNOWN = 2_000;
const known = new Map<string, CodeableConcept>();

interface OfMedication {
  medicationCodeableConcept?: CodeableConcept;
  medicationReference?: Reference;
  contained?: Resource[];
}

/** Like `search`; with prescriptions, doses and dispenses come the stored medications that they refer to, whose names are known from then on. */
export async function searchNaming<Resource extends FhirResource>(
  type: Resource["resourceType"],
  query: [string, string][] | Record<string, string>,
): Promise<Found<Resource>> {
  const include: [string, string][] = type.startsWith("Medication") ? [["_include", `${type}:medication`]] : [];
  const found = await search<Resource>(type, [...(Array.isArray(query) ? query : Object.entries(query)), ...include]);
  for (const one of found.included) if (one.resourceType === "Medication" && one.code) known.set(`Medication/${one.id}`, one.code);
  for (const reference of known.keys()) if (known.size > MAX_KNOWN) known.delete(reference);
  return found;
}

/** The medication as a code or words; undefined if it is not known. */
export function medicationOf({
  medicationCodeableConcept,
  medicationReference,
  contained = [],
}: OfMedication): CodeableConcept | undefined {
  if (medicationCodeableConcept) return medicationCodeableConcept;
  const { reference = "", display } = medicationReference ?? {};
  const own = contained.find(({ id }) => `#${id}` === reference) as Medication | undefined;
  return own?.code ?? known.get(reference) ?? (display === undefined ? undefined : { text: display });
}

/** The name of the medication of a dose that is due, or that it is not known. */
export const dueText = ({ medication: { display, code } }: Pick<DueDose, "medication">): string =>
  display || code || t("medication.notKnown");

/** The name of the medication, or that it is not known. */
export const medicationText = (one: OfMedication): string => conceptOf(medicationOf(one)) || t("medication.notKnown");
