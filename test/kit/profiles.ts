/** Profiles for tests. */

/** What every profile of Patient has; its rules are the elements of its differential. */
export const profileOfPatient = (url: string, element: object[], more: object = {}) => ({
  resourceType: "StructureDefinition",
  url,
  name: url.slice(url.lastIndexOf("/") + 1).replaceAll("-", ""),
  status: "active",
  kind: "resource",
  abstract: false,
  type: "Patient",
  baseDefinition: "http://hl7.org/fhir/StructureDefinition/Patient",
  derivation: "constraint",
  differential: { element: [{ id: "Patient", path: "Patient" }, ...element] },
  ...more,
});
