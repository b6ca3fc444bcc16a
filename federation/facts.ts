/** What owners tell each other of their resources, for rules that look beyond one service: whether they are there, and a few elements. */
import type { Resource } from "../fhir/resource.ts";
import { restReferencesOf } from "./act-references.ts";
import { toldPatientOf } from "./named-resources.ts";
import { ID_PATTERN } from "../fhir/ids.ts";

/** Elements that owners give of a resource as facts, by type, besides that it is there; of other types, whose record it is on. */
const TOLD: Record<string, readonly string[]> = {
  Patient: ["active", "birthDate", "deceasedBoolean", "deceasedDateTime", "link"],
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

/** References that one call of `fhir.facts` asks about. */
export const MAX_FACTS = 1_000;

/** What an owner says of one resource; null: it never had it, or it has moved away. */
export interface ToldFact {
  version: number;
  /** Absent when it is deleted. */
  resource?: Resource;
}

/** What is known of one resource. */
export interface Fact {
  /** `Type/id` */
  reference: string;
  /** `elsewhere`: no service of this mesh has the type, so nobody can know. */
  is: "living" | "deleted" | "absent" | "elsewhere";
  /** 0 for what the same write makes. */
  version: number;
  /** Its elements of `FACTS`, present while it lives. */
  resource?: Resource;
}

/** The elements that are told of a type. */
function elementsOf(type: string): readonly string[] {
  if (Object.hasOwn(TOLD, type)) return TOLD[type] ?? [];
  const patient = toldPatientOf(type);
  return patient === undefined ? [] : [patient];
}

const told = new Map<string, readonly string[]>();

/** Made once for each type. */
function toldElements(type: string): readonly string[] {
  const known = told.get(type) ?? elementsOf(type);
  told.set(type, known);
  return known;
}

/** Whether rules of other services look at resources of the type. */
export const mayBeTold = (type: string): boolean => toldElements(type).length > 0;

/** The facts of one resource. */
export const toldOf = (resource: Resource): Resource => partOf(resource, toldElements(resource.resourceType));

/** The same, and by what it rests on others: told beside deletions; undefined when there is nothing to tell. */
export function toldBesideDeletions(resource: Resource): Resource | undefined {
  const { resourceType: type } = resource;
  const roots = restReferencesOf(type).map(({ path }) => path.split(".", 1)[0] as string);
  return mayBeTold(type) || roots.length > 0 ? partOf(resource, [...toldElements(type), ...roots]) : undefined;
}

function partOf(resource: Resource, names: readonly string[]): Resource {
  const told: Resource = { resourceType: resource.resourceType };
  for (const name of names) if (resource[name] !== undefined) told[name] = resource[name];
  return told;
}

const LOCAL = new RegExp(`^([A-Z][A-Za-z]+/${ID_PATTERN})(?:/_history/${ID_PATTERN})?(?:#.*)?$`);

/**
 * The resource of this mesh that a reference leads to, `Type/id`, whatever version it names; undefined for one that is absolute,
 * contained, `urn:`, or none.
 */
export const localReference = (reference: string | undefined): string | undefined =>
  reference === undefined ? undefined : (LOCAL.exec(reference)?.[1] ?? undefined);

/** `Patient/1` → `Patient`, `1` */
export const splitPlace = (place: string): [type: string, id: string] => {
  const slash = place.indexOf("/");
  return [place.slice(0, slash), place.slice(slash + 1)];
};
