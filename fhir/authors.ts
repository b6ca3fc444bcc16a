/** Elements by which R4's resources name who has written, ordered or made them, as far as that may be a Practitioner. */
import type { Resource } from "./resource.ts";

/**
 * By type. `[]`: the element repeats. `?`: it is held against who writes, and is not filled in when it is empty: who writes a resource down is not
 * by itself who asserts, attests or receives.
 */
export const AUTHOR_ELEMENTS: Readonly<Record<string, readonly string[]>> = {
  AdverseEvent: ["recorder"],
  AllergyIntolerance: ["recorder", "?asserter"],
  Basic: ["author"],
  CarePlan: ["author"],
  ChargeItem: ["enterer"],
  Claim: ["enterer"],
  ClinicalImpression: ["assessor"],
  Communication: ["sender"],
  CommunicationRequest: ["requester", "?sender"],
  Composition: ["author[]", "?attester[].party"],
  Condition: ["recorder", "?asserter"],
  Contract: ["author"],
  CoverageEligibilityRequest: ["enterer"],
  DetectedIssue: ["author"],
  DeviceRequest: ["requester"],
  DeviceUseStatement: ["?source"],
  DiagnosticReport: ["performer[]", "?resultsInterpreter[]"],
  DocumentManifest: ["author[]"],
  DocumentReference: ["author[]", "?authenticator"],
  Flag: ["author"],
  Goal: ["?expressedBy"],
  Immunization: ["performer[].actor"],
  Linkage: ["author"],
  List: ["source"],
  Media: ["operator"],
  MedicationAdministration: ["performer[].actor"],
  MedicationDispense: ["performer[].actor", "?receiver[]"],
  MedicationRequest: ["requester", "recorder"],
  MedicationStatement: ["?informationSource"],
  NutritionOrder: ["orderer"],
  Observation: ["performer[]"],
  Procedure: ["recorder", "?asserter", "?performer[].actor"],
  Provenance: ["?agent[].who"],
  QuestionnaireResponse: ["author", "?source"],
  RequestGroup: ["author"],
  RiskAssessment: ["performer"],
  ServiceRequest: ["requester"],
  Specimen: ["?collection.collector"],
  SupplyDelivery: ["?supplier", "?receiver[]"],
  SupplyRequest: ["requester"],
  Task: ["requester"],
  VisionPrescription: ["prescriber"],
};

/** A Practitioner whom a resource names as its author. */
export interface NamedAuthor {
  /** FHIRPath: `Observation.performer[0]`. */
  expression: string;
  /** The element, without places in lists. */
  element: string;
  /** As it is written: `Practitioner/1`. */
  reference: string;
}

type Json = Record<string, unknown>;

/** All Practitioners whom it names so. */
export function namedAuthors(resource: Resource): NamedAuthor[] {
  const { resourceType: type } = resource;
  return (AUTHOR_ELEMENTS[type] ?? []).flatMap((element) => {
    const steps = element.replace("?", "").split(".");
    return valuesAt(resource, steps, type).flatMap(({ value, expression }): NamedAuthor[] => {
      const { reference } = (value ?? {}) as { reference?: unknown };
      return typeof reference === "string" && PRACTITIONER.test(reference) ? [{ expression, element, reference }] : [];
    });
  });
}

const PRACTITIONER = /(?:^|\/)Practitioner\/[^/]+(?:\/_history\/[^/]+)?$/;

function valuesAt(within: Json, [step, ...more]: string[], at: string): { value: unknown; expression: string }[] {
  const name = (step as string).replace("[]", "");
  const member = within[name];
  if (member === undefined || member === null) return [];
  const all: [unknown, string][] = Array.isArray(member)
    ? member.map((one, index) => [one, `${at}.${name}[${index}]`])
    : [[member, `${at}.${name}`]];
  return all.flatMap(([value, expression]) =>
    more.length === 0
      ? [{ value, expression }]
      : typeof value === "object" && value !== null
        ? valuesAt(value as Json, more, expression)
        : [],
  );
}

/** Names an author in those elements that are empty. @returns whether there were any */
export function nameAuthor(resource: Resource, author: { reference: string; display?: string }): boolean {
  const own = resource;
  const empty = (AUTHOR_ELEMENTS[resource.resourceType] ?? []).filter((it) => !it.startsWith("?") && own[nameOf(it)] === undefined);
  for (const element of empty) {
    const [, below] = element.split(".");
    const value = below === undefined ? author : { [below]: author };
    own[nameOf(element)] = element.includes("[]") ? [value] : value;
  }
  return empty.length > 0;
}

/** Whether an element that is filled in is empty. */
export const lacksAuthor = (resource: Resource): boolean =>
  (AUTHOR_ELEMENTS[resource.resourceType] ?? []).some((it) => !it.startsWith("?") && resource[nameOf(it)] === undefined);

const nameOf = (element: string): string => element.split(/[.[]/, 1)[0] as string;
