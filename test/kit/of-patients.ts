/** Resources of one patient that refer to others, made from R4's definitions. */
import { patientPathOf } from "../../federation/patient-records.ts";
import { type ElementJson, elementsOf } from "../../fhir/validate/structure-definition.ts";
import { listsOf, referringTo, requiredOf } from "./filled.ts";

type Json = Record<string, unknown> & { resourceType: string };

const ALLERGY_STATUS = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const CODE = { text: "x" };
const DRUG = { coding: [{ system: "http://www.whocc.no/atc", code: "N02BE01" }] };
const UNIT = { system: "http://unitsofmeasure.org", code: "{tbl}", unit: "tablet" };
/** Elements required by R4's invariants, or by other rules, besides mandatory ones. */
const MORE: Record<string, object> = {
  AllergyIntolerance: { clinicalStatus: { coding: [{ system: ALLERGY_STATUS, code: "active" }] } },
  Consent: { policyRule: CODE },
  MedicationRequest: {
    status: "active",
    intent: "order",
    medicationCodeableConcept: DRUG,
    dispenseRequest: { quantity: { value: 10, ...UNIT } },
  },
  MedicationDispense: { status: "preparation", medicationCodeableConcept: DRUG, quantity: { value: 1, ...UNIT } },
  MedicationAdministration: { status: "in-progress", medicationCodeableConcept: DRUG },
  ImmunizationRecommendation: { recommendation: [{ vaccineCode: [CODE], forecastStatus: CODE }] },
};
/** The type of a rule: `episode-of-care-one-patient` without its end. */
export const typeOfRule = (rule: string, end: string): string =>
  rule.slice(0, -end.length).replace(/(?:^|-)[a-z]/g, (letter) => letter.slice(-1).toUpperCase());

/** A resource of a patient, with its mandatory elements. @param patient the Reference */
export function madeOf(type: string, patient: object): Json {
  const path = patientPathOf(type) ?? "";
  const whose = { Account: [patient], Appointment: [{ actor: patient, status: "accepted" }] }[type] ?? patient;
  return { ...referringTo(type, "Patient/alive", 0), ...MORE[type], [path.split(".", 1)[0] as string]: whose } as Json;
}

/** The resource with a reference at a path, in the first item of each list that it passes through. */
export function withReference(resource: Json, path: string, reference: string): Json {
  return at(resource, path.split("."), { of: resource.resourceType, elements: elementsOf(resource.resourceType), reference }) as Json;
}

/** @param of path of the object, `Claim.diagnosis` */
function at(
  object: object,
  [name = "", ...rest]: string[],
  { of, elements, reference }: { of: string; elements: ElementJson[]; reference: string },
): object {
  const own = `${of}.${name}`;
  const choice = elements.find(({ name: it, isChoice }) => isChoice && name === `${it}Reference`);
  const element = choice ?? elements.find((it) => it.name === name);
  const others = Object.entries(object).filter(([member]) => !(choice && member.startsWith(choice.name)));
  const kept = Object.fromEntries(others) as Record<string, unknown>;
  const inner = element?.elements ?? [];
  const made = () =>
    listsOf(of.split(".", 1)[0] as string)
      .find((it) => it.path === own)
      ?.fill(1)[name] ?? requiredOf(inner);
  const [first] = [kept[name] ?? (rest.length > 0 && made())].flat() as [object];
  const value = rest.length > 0 ? at(first, rest, { of: own, elements: inner, reference }) : { reference };
  return { ...kept, [name]: element?.max === -1 ? [value] : value };
}

/** An ended stay of a patient, which began on 1 March 2026. */
export const stayOf = (subject: object, more: object = {}): Json => ({
  resourceType: "Encounter",
  status: "finished",
  class: { code: "IMP" },
  subject,
  period: { start: "2026-03-01T08:00:00Z" },
  ...more,
});
