/** Facts that owners give each other about their resources, for rules that span services: whether they exist, and a few elements. */
import type { Resource } from "../fhir/resource.ts";
import { restReferencesOf } from "./act-references.ts";
import { factPatientOf } from "./named-resources.ts";
import { ID_PATTERN } from "../fhir/ids.ts";

/** Elements of a resource that its owner gives as facts, by type; for other types the patient element. */
const FACT_ELEMENTS: Record<string, readonly string[]> = {
  Patient: ["active", "gender", "birthDate", "deceasedBoolean", "deceasedDateTime", "link"],
  RelatedPerson: ["patient", "relationship"],
  Encounter: ["status", "class", "subject", "period", "partOf", "location", "hospitalization"],
  EpisodeOfCare: ["status", "patient"],
  Coverage: ["beneficiary", "subscriber", "policyHolder"],
  Location: ["status", "physicalType", "operationalStatus", "partOf"],
  ServiceRequest: ["status", "intent", "doNotPerform", "category", "subject", "encounter"],
  Specimen: ["status", "subject"],
  Observation: ["status", "category", "subject", "encounter"],
  DiagnosticReport: ["status", "subject", "encounter"],
  Medication: ["status", "code", "ingredient"],
  MedicationRequest: [
    "status",
    "intent",
    "doNotPerform",
    "subject",
    "encounter",
    "medicationCodeableConcept",
    "medicationReference",
    "dosageInstruction",
    "dispenseRequest",
  ],
  MedicationDispense: ["status", "subject", "context", "authorizingPrescription", "quantity"],
  Appointment: ["status", "participant"],
  AllergyIntolerance: ["patient", "code", "criticality", "clinicalStatus", "verificationStatus", "reaction"],
  ChargeItem: ["status", "subject", "context", "priceOverride"],
  Invoice: ["status", "subject", "extension", "lineItem", "totalNet", "totalGross"],
  PaymentReconciliation: ["status", "extension", "detail", "paymentAmount"],
  PractitionerRole: ["practitioner"],
  Provenance: ["target", "reason"],
};

/** References in one call of `fhir.facts`. */
export const MAX_FACTS = 1_000;

/** What an owner knows of one resource; null: it never had it, or it has moved away. */
export interface StoredFact {
  version: number;
  /** Absent if it is deleted. */
  resource?: Resource;
}

/** What is known of one resource. */
export interface Fact {
  /** `Type/id` */
  reference: string;
  /** `elsewhere`: no service of this mesh owns the type, so it cannot be known. */
  is: "living" | "deleted" | "absent" | "elsewhere";
  /** 0 for what the same write creates or changes. */
  version: number;
  /** Its elements of `FACTS`, while it exists. */
  resource?: Resource;
}

/** The elements that are given for a type. */
function elementsOf(type: string): readonly string[] {
  if (Object.hasOwn(FACT_ELEMENTS, type)) return FACT_ELEMENTS[type] ?? [];
  const patient = factPatientOf(type);
  return patient === undefined ? [] : [patient];
}

const elements = new Map<string, readonly string[]>();

/** Cached by type. */
function factElements(type: string): readonly string[] {
  const known = elements.get(type) ?? elementsOf(type);
  elements.set(type, known);
  return known;
}

/** Whether rules of other services use facts about the type. */
export const hasFacts = (type: string): boolean => factElements(type).length > 0;

/** The facts of one resource. */
export const factOf = (resource: Resource): Resource => partOf(resource, factElements(resource.resourceType));

/** The same, with its references to what it depends on: needed beside deletions; undefined if there is nothing to give. */
export function factBesideDeletions(resource: Resource): Resource | undefined {
  const { resourceType: type } = resource;
  const roots = restReferencesOf(type).map(({ path }) => path.split(".", 1)[0] as string);
  return hasFacts(type) || roots.length > 0 ? partOf(resource, [...factElements(type), ...roots]) : undefined;
}

function partOf(resource: Resource, names: readonly string[]): Resource {
  const part: Resource = { resourceType: resource.resourceType };
  for (const name of names) if (resource[name] !== undefined) part[name] = resource[name];
  return part;
}

const LOCAL = new RegExp(`^([A-Z][A-Za-z]+/${ID_PATTERN})(?:/_history/${ID_PATTERN})?(?:#.*)?$`);

/**
 * The resource of this mesh to which a reference points, `Type/id`, without its version; undefined for absolute, contained, `urn:` and absent
 * references.
 */
export const localReference = (reference: string | undefined): string | undefined =>
  reference === undefined ? undefined : (LOCAL.exec(reference)?.[1] ?? undefined);

/** `Patient/1` → `Patient`, `1` */
export const splitPlace = (place: string): [type: string, id: string] => {
  const slash = place.indexOf("/");
  return [place.slice(0, slash), place.slice(slash + 1)];
};
