/** The elements by which R4's resources name their author (who wrote, ordered or made them), as far as that may be a Practitioner. */
import { canonicalJson } from "./canonical-json.ts";
import type { Resource } from "./resource.ts";
import { elementsNaming } from "./validate/naming-elements.ts";

/**
 * By type. `[]`: the element repeats. `?`: the element is compared with the caller, but not filled in when it is empty, since the person who
 * records something is not necessarily the one who asserts, attests or receives it.
 */
export const AUTHOR_ELEMENTS: Readonly<Record<string, readonly string[]>> = {
  AdverseEvent: ["recorder"],
  AllergyIntolerance: ["recorder", "?asserter"],
  Basic: ["author"],
  CarePlan: ["author"],
  ChargeItem: ["enterer"],
  Claim: ["enterer"],
  ClaimResponse: ["?requestor"],
  ClinicalImpression: ["assessor"],
  Communication: ["sender"],
  CommunicationRequest: ["requester", "?sender"],
  Composition: ["author[]", "?attester[].party"],
  Condition: ["recorder", "?asserter"],
  Consent: ["?performer[]"],
  Contract: ["author", "?signer[].party"],
  CoverageEligibilityRequest: ["enterer"],
  CoverageEligibilityResponse: ["?requestor"],
  DetectedIssue: ["author", "?mitigation[].author"],
  DeviceRequest: ["requester"],
  DeviceUseStatement: ["?source"],
  DiagnosticReport: ["performer[]", "?resultsInterpreter[]"],
  DocumentManifest: ["author[]"],
  DocumentReference: ["author[]", "?authenticator"],
  ExplanationOfBenefit: ["enterer"],
  Flag: ["author"],
  Goal: ["?expressedBy"],
  ImagingStudy: ["?interpreter[]"],
  Immunization: ["performer[].actor"],
  Linkage: ["author"],
  List: ["source"],
  MeasureReport: ["?reporter"],
  Media: ["operator"],
  MedicationAdministration: ["performer[].actor"],
  MedicationDispense: ["performer[].actor", "?receiver[]"],
  MedicationRequest: ["requester", "recorder"],
  MedicationStatement: ["?informationSource"],
  MessageHeader: ["?author", "?enterer"],
  NutritionOrder: ["orderer"],
  Observation: ["performer[]"],
  PaymentReconciliation: ["?requestor"],
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
  VerificationResult: ["?attestation.who"],
  VisionPrescription: ["prescriber"],
};

/** Data types that contain a statement or signature of a person, each with the element that names the person. */
const SAYINGS: Readonly<Record<string, string>> = { Annotation: "authorReference", Signature: "who" };

/** A Practitioner, in whatever role, whom a resource names as its author. */
export interface NamedAuthor {
  /** FHIRPath: `Observation.performer[0]`. */
  expression: string;
  /** The element without list positions. */
  element: string;
  /** `Practitioner/1`, `PractitionerRole/1`; undefined: named without a reference, which cannot be compared with the caller. */
  reference: string | undefined;
  /** The display text beside the reference. */
  display?: string;
  /** The JSON of the whole element in canonical form; for a note or a signature, of what it says too. */
  whole: string;
  /** The statement or signature is of one person only. */
  isAlone: boolean;
}

type Json = Record<string, unknown>;

/** An author who is named by words alone: a Practitioner, a mother, another hospital. */
export interface NamedInWords extends Pick<NamedAuthor, "expression" | "element" | "whole" | "isAlone"> {
  display: string;
}

/** An author named only by an identifier (Reference.identifier): a Practitioner, an organization, a device. */
export interface NamedByNumber extends Pick<NamedAuthor, "expression" | "element" | "whole" | "isAlone"> {
  /** "": none. */
  system: string;
  number: string;
}

/** All authors whom a resource names by words alone. */
export function authorsInWords(resource: Resource): NamedInWords[] {
  const { resourceType: type } = resource;
  const inWords = (value: unknown, at: Pick<NamedInWords, "expression" | "element" | "isAlone">, whole: unknown): NamedInWords[] =>
    typeof value === "string" ? [{ ...at, display: value, whole: canonicalJson(JSON.stringify(whole)) }] : [];
  const elements = (AUTHOR_ELEMENTS[type] ?? []).flatMap((element) =>
    valuesAt(resource, element.replace("?", "").split("."), type).flatMap(({ value, expression }) => {
      const { reference, type: of, display } = (value ?? {}) as Json;
      return reference === undefined && of === undefined
        ? inWords(display, { expression: `${expression}.display`, element, isAlone: false }, value)
        : [];
    }),
  );
  const annotations = elementsNaming(type, SAYINGS).filter((element) => element.type === "Annotation");
  const notes = annotations.flatMap(({ path }) =>
    valuesAt(resource, path.split("."), type).flatMap(({ value, expression }) =>
      inWords((value as Json | null)?.["authorString"], { expression: `${expression}.authorString`, element: path, isAlone: true }, value),
    ),
  );
  return [...elements, ...notes];
}

/** All authors whom a resource names by an identifier alone. */
export function authorsByNumber(resource: Resource): NamedByNumber[] {
  return valuesNaming(resource).flatMap(({ value, expression, element, saying }) => {
    const { reference, type, identifier } = (value ?? {}) as Json;
    const { system = "", value: number } = (identifier ?? {}) as { system?: unknown; value?: unknown };
    if (reference !== undefined || type !== undefined || typeof system !== "string" || typeof number !== "string") return [];
    const whole = canonicalJson(JSON.stringify(saying ?? value));
    return [{ expression, element, whole, isAlone: saying !== undefined, system, number }];
  });
}

/** All Practitioners whom a resource names as authors. */
export function namedAuthors(resource: Resource): NamedAuthor[] {
  const contained = containedPersons(resource);
  return valuesNaming(resource).flatMap(({ value, ...at }) => authorIn(contained, value, at));
}

/** A Reference that may name an author, and its element. */
interface NamingValue {
  value: unknown;
  expression: string;
  element: string;
  /** The note or signature that contains it. */
  saying?: unknown;
}

function valuesNaming(resource: Resource): NamingValue[] {
  const { resourceType: type } = resource;
  const elements = (AUTHOR_ELEMENTS[type] ?? []).flatMap((element) => {
    const steps = element.replace("?", "").split(".");
    return valuesAt(resource, steps, type).map(({ value, expression }) => ({ value, expression, element }));
  });
  const sayings = elementsNaming(type, SAYINGS).flatMap(({ path, type: saying }) => {
    const name = SAYINGS[saying] as string;
    return valuesAt(resource, path.split("."), type).map(({ value, expression }) => ({
      value: (value as Json | null)?.[name],
      expression: `${expression}.${name}`,
      element: `${path}.${name}`,
      saying: value,
    }));
  });
  return [...elements, ...sayings];
}

/** Contained Practitioners and PractitionerRoles, by id. */
function containedPersons({ contained }: Resource): ReadonlyMap<unknown, Json> {
  const all = (Array.isArray(contained) ? (contained as (Json | null)[]) : []).filter((one) => one !== null);
  return new Map(all.filter((one) => PERSONS.has(one["resourceType"] as string)).map((one) => [one["id"], one]));
}

function authorIn(
  contained: ReadonlyMap<unknown, Json>,
  value: unknown,
  { expression, element, saying }: Omit<NamingValue, "value">,
): NamedAuthor[] {
  const { reference, type, display } = (value ?? {}) as { reference?: unknown; type?: unknown; display?: unknown };
  const shown = typeof display === "string" ? { display } : {};
  const named = {
    ...shown,
    expression,
    element,
    whole: canonicalJson(JSON.stringify(saying ?? value ?? null)),
    isAlone: saying !== undefined,
  };
  if (typeof reference !== "string") return PERSONS.has(type as string) ? [{ ...named, reference: undefined }] : [];
  if (PRACTITIONER.test(reference)) return [{ ...named, reference }];
  if (!reference.startsWith("#")) return [];
  const person = contained.get(reference.slice(1));
  if (person === undefined) return [];
  const { reference: inRole } = (person["practitioner"] ?? {}) as { reference?: unknown };
  return [{ ...named, reference: typeof inRole === "string" ? inRole : undefined }];
}

const PERSONS = new Set(["Practitioner", "PractitionerRole"]);
const PRACTITIONER = /(?:^|\/)Practitioner(?:Role)?\/[^/]+(?:\/_history\/[^/]+)?$/;

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

/** Fills in the author in those elements that are empty. @returns whether there were any */
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

/** Whether an element that would be filled in is empty. */
export const lacksAuthor = (resource: Resource): boolean =>
  (AUTHOR_ELEMENTS[resource.resourceType] ?? []).some((it) => !it.startsWith("?") && resource[nameOf(it)] === undefined);

const nameOf = (element: string): string => element.split(/[.[]/, 1)[0] as string;
