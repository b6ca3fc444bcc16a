/** Code systems and value sets. `codification` has no actions of its own: it is used through FHIR. */

/** The FHIR types that `codification` owns. */
export const owns = ["CodeSystem", "ValueSet", "ConceptMap", "NamingSystem"] as const;
