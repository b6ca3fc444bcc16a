/** Code systems and value sets. `codification` has no actions of its own: others reach it over FHIR. */

/** The FHIR types that `codification` owns. */
export const owns = ["CodeSystem", "ValueSet", "ConceptMap", "NamingSystem"] as const;
