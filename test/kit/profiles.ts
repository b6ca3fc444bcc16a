/** Profiles for tests. */

/** A profile of Patient with the given elements in its differential. */
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
