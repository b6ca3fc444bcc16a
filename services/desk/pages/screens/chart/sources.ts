/** The parts of a chart, each loaded separately, so that an unavailable one does not affect the others. */
import type {
  AllergyIntolerance,
  Condition,
  DiagnosticReport,
  DocumentReference,
  Encounter,
  FhirResource,
  MedicationAdministration,
  MedicationRequest,
  MedicationStatement,
  Observation,
  ServiceRequest,
} from "../../../../../fhir/r4.ts";
import type { Found } from "../../platform/api.ts";
import { withAuthors } from "../../platform/authors.ts";
import type { News } from "../../platform/live.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { searchNaming } from "../../platform/medications.ts";
import { offers } from "../../platform/menu.ts";

/** Limit per part, the newest; older ones are available through FHIR. */
const MAX_SHOWN = "200";

/** All parts of a chart. */
export interface Parts {
  allergies: Loaded<Found<AllergyIntolerance>>;
  problems: Loaded<Found<Condition>>;
  prescriptions: Loaded<Found<MedicationRequest>>;
  doses: Loaded<Found<MedicationAdministration>>;
  taken: Loaded<Found<MedicationStatement>>;
  results: Loaded<Found<Observation>>;
  reports: Loaded<Found<DiagnosticReport>>;
  orders: Loaded<Found<ServiceRequest>>;
  encounters: Loaded<Found<Encounter>>;
  notes: Loaded<Found<DocumentReference>>;
}

/** The resource type of each part. */
const TYPES: Record<keyof Parts, string> = {
  allergies: "AllergyIntolerance",
  problems: "Condition",
  prescriptions: "MedicationRequest",
  doses: "MedicationAdministration",
  taken: "MedicationStatement",
  results: "Observation",
  reports: "DiagnosticReport",
  orders: "ServiceRequest",
  encounters: "Encounter",
  notes: "DocumentReference",
};

/** Reloads the parts that may have changed. */
export function reloadParts(parts: Parts, { isAll, types }: News): void {
  for (const [name, part] of Object.entries(parts)) if (isAll || types.has(TYPES[name as keyof Parts])) part.reload();
}

/** @param patient "Patient/…" @param everyMs interval of reading */
export function useParts(patient: string, everyMs: number): Parts {
  const ask = <Resource extends FhirResource>(type: Resource["resourceType"], sort?: string, more: Record<string, string> = {}) => {
    const query = { patient, _count: MAX_SHOWN, ...(sort && { _sort: sort }), ...more };
    return useLoad(`${type} ${patient}`, () => searchNaming<Resource>(type, query), everyMs, offers(`see ${type}`));
  };
  return {
    allergies: ask<AllergyIntolerance>("AllergyIntolerance"),
    problems: ask<Condition>("Condition", "-onset-date"),
    prescriptions: ask<MedicationRequest>("MedicationRequest", "-authoredon"),
    doses: ask<MedicationAdministration>("MedicationAdministration", "-effective-time"),
    taken: ask<MedicationStatement>("MedicationStatement"),
    results: ask<Observation>("Observation", "-date"),
    reports: ask<DiagnosticReport>("DiagnosticReport", "-date"),
    orders: ask<ServiceRequest>("ServiceRequest", "-authored"),
    encounters: ask<Encounter>("Encounter", "-date"),
    notes: ask<DocumentReference>("DocumentReference", "-date", withAuthors("DocumentReference:author")),
  };
}
