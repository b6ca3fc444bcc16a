/** What a chart is made of: each part asked for by itself, so that one that is not known leaves the others. */
import type {
  AllergyIntolerance,
  Condition,
  DocumentReference,
  Encounter,
  MedicationRequest,
  Observation,
  ServiceRequest,
} from "../../../../../fhir/r4.ts";
import { type Found, search } from "../../platform/api.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";

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
  const of = (sort?: string) => ({ patient, _count: MAX_SHOWN, ...(sort && { _sort: sort }) });
  return {
    allergies: useLoad(`allergies ${patient}`, () => search<AllergyIntolerance>("AllergyIntolerance", of()), EVERY_MS),
    problems: useLoad(`problems ${patient}`, () => search<Condition>("Condition", of("-onset-date")), EVERY_MS),
    prescriptions: useLoad(`prescriptions ${patient}`, () => search<MedicationRequest>("MedicationRequest", of("-authoredon")), EVERY_MS),
    results: useLoad(`results ${patient}`, () => search<Observation>("Observation", of("-date")), EVERY_MS),
    orders: useLoad(`orders ${patient}`, () => search<ServiceRequest>("ServiceRequest", of("-authored")), EVERY_MS),
    encounters: useLoad(`encounters ${patient}`, () => search<Encounter>("Encounter", of("-date")), EVERY_MS),
    notes: useLoad(`notes ${patient}`, () => search<DocumentReference>("DocumentReference", of("-date")), EVERY_MS),
  };
}
