/** What a chart is made of: each part asked for by itself, so that one that is not known leaves the others. */
import type {
  AllergyIntolerance,
  Condition,
  DocumentReference,
  Encounter,
  FhirResource,
  MedicationRequest,
  Observation,
  ServiceRequest,
} from "../../../../../fhir/r4.ts";
import { type Found, search } from "../../platform/api.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";

/** The newest of each part; who needs older ones looks in the timeline's source, FHIR. */
const MAX_SHOWN = "200";
/** Asked for again after so long, milliseconds: two people look at one record. */
const EVERY_MS = 5_000;

/** All parts of a chart. */
export interface Parts {
  allergies: Loaded<Found<AllergyIntolerance>>;
  problems: Loaded<Found<Condition>>;
  prescriptions: Loaded<Found<MedicationRequest>>;
  results: Loaded<Found<Observation>>;
  orders: Loaded<Found<ServiceRequest>>;
  encounters: Loaded<Found<Encounter>>;
  notes: Loaded<Found<DocumentReference>>;
}

/** @param patient "Patient/…" */
export function useParts(patient: string): Parts {
  const ask = <Resource extends FhirResource>(type: Resource["resourceType"], sort?: string) => {
    const query = { patient, _count: MAX_SHOWN, ...(sort && { _sort: sort }) };
    return useLoad(`${type} ${patient}`, () => search<Resource>(type, query), EVERY_MS, offers(`see ${type}`));
  };
  return {
    allergies: ask<AllergyIntolerance>("AllergyIntolerance"),
    problems: ask<Condition>("Condition", "-onset-date"),
    prescriptions: ask<MedicationRequest>("MedicationRequest", "-authoredon"),
    results: ask<Observation>("Observation", "-date"),
    orders: ask<ServiceRequest>("ServiceRequest", "-authored"),
    encounters: ask<Encounter>("Encounter", "-date"),
    notes: ask<DocumentReference>("DocumentReference", "-date"),
  };
}
