/** Who works in the hospital. `personnel` has no actions of its own: others reach it over FHIR. */

/** The FHIR types that `personnel` owns. */
export const owns = [
  "Practitioner",
  "PractitionerRole",
  "Organization",
  "OrganizationAffiliation",
  "HealthcareService",
  "CareTeam",
] as const;
