/** Which roles have each page in their menu. What a person may do there is decided by the services. */
import { person } from "./sign-in.ts";
import type { TextKey } from "./texts.ts";

/** A page in the menu. */
export interface MenuEntry {
  title: TextKey;
  /** Roles that have it in their menu; none: it is reached from other pages. */
  roles: readonly string[];
}

const CARE = ["physician", "nurse", "midwife"];

/** By name in the URL. */
export const MENU: Record<string, MenuEntry> = {
  home: { title: "home", roles: ["*"] },
  desk: { title: "desk", roles: ["front-desk", ...CARE] },
  ward: { title: "ward", roles: CARE },
  "hand-over": { title: "handOver.list", roles: [] },
  beds: { title: "beds", roles: [...CARE, "front-desk"] },
  mine: { title: "mine", roles: ["physician"] },
  chart: { title: "chart", roles: [] },
  census: { title: "census", roles: ["physician", "nurse", "administrator"] },
  round: { title: "round", roles: CARE },
  bench: { title: "bench", roles: ["lab-technician"] },
  dispensary: { title: "dispensary", roles: ["pharmacist"] },
  places: { title: "places", roles: ["administrator"] },
  cash: { title: "cash", roles: ["billing"] },
  records: { title: "records", roles: ["records-office"] },
  audit: { title: "audit", roles: ["auditor"] },
  administration: { title: "administration", roles: ["administrator"] },
};

/** Whether a page is in the person's menu; without roles, as with open access, all are. */
export function isOffered({ roles }: MenuEntry): boolean {
  const own = person.value?.roles;
  return roles.length > 0 && (own === undefined || roles.includes("*") || roles.some((role) => own.includes(role)));
}

/** Actions and types on shared pages by the roles of the project that use them. A hospital's own roles are offered all. */
const DONE_BY: Record<string, readonly string[]> = {
  "see AllergyIntolerance": [...CARE, "pharmacist"],
  "see Communication": CARE,
  "see Condition": [...CARE, "pharmacist"],
  "see DiagnosticReport": [...CARE, "lab-technician"],
  "see DocumentReference": [...CARE, "records-office"],
  "see Encounter": [...CARE, "front-desk", "lab-technician", "pharmacist", "billing", "records-office"],
  "see MedicationAdministration": [...CARE, "pharmacist"],
  "see MedicationRequest": [...CARE, "pharmacist"],
  "see MedicationStatement": [...CARE, "pharmacist"],
  "see Observation": [...CARE, "lab-technician", "pharmacist"],
  "see Organization": [...CARE, "front-desk", "lab-technician", "pharmacist", "billing", "records-office"],
  "see Provenance": CARE,
  "see RelatedPerson": [...CARE, "front-desk", "records-office"],
  "see ServiceRequest": [...CARE, "lab-technician"],
  "see Specimen": [...CARE, "lab-technician"],
  "lab.listCatalogue": [...CARE, "lab-technician", "pharmacist", "billing", "administrator"],
  "lab.listCritical": [...CARE, "lab-technician"],
  "patients.listNumberSystems": [...CARE, "front-desk", "records-office"],
  AllergyIntolerance: CARE,
  MedicationStatement: [...CARE, "pharmacist"],
  Observation: CARE,
  "calls patients in": ["physician", "midwife"],
  Appointment: ["front-desk", "physician"],
  Condition: ["physician", "midwife"],
  DocumentReference: ["physician", "records-office"],
  "pharmacy.prescribe": ["physician"],
  "pharmacy.administer": CARE,
  "ledger.looksAt": ["auditor"],
  "wards.setCleaning": ["nurse", "midwife"],
  "lab.order": ["physician", "midwife"],
  "hospitalizations.admit": CARE,
  "hospitalizations.handOver": CARE,
  "hospitalizations.request": [...CARE, "front-desk"],
};
const KNOWN_ROLES = [...CARE, "lab-technician", "pharmacist", "front-desk", "billing", "records-office", "administrator", "auditor"];

/**
 * Whether a page offers an action, or writing or reading a type, to the signed-in person. The services decide what is allowed; what is not offered is
 * not requested either, as each refusal is recorded in the audit log.
 */
export function offers(name: string): boolean {
  const own = person.value?.roles;
  if (own === undefined || own.some((role) => !KNOWN_ROLES.includes(role))) return true;
  return DONE_BY[name]?.some((role) => own.includes(role)) ?? false;
}
