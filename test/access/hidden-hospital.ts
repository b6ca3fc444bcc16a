/** Small hospitals with and without the resources that a person may not see. */
import type { RoleName } from "../../services/identity/identity.contract.ts";

/** A person's rights, and which resources they hide. */
export interface Rights {
  role: RoleName;
  scope: string;
  hidden: string[];
  /** Further hidden resources. */
  hides?(resource: Resource): boolean;
}

const MONEY = ["Invoice", "ChargeItem"];
const LABORATORY = ["ServiceRequest", "DiagnosticReport"];
const RECORD = ["Condition", "AllergyIntolerance", "MedicationRequest"];

/** What is stored. */
export type Resource = { resourceType: string; id: string } & Record<string, unknown>;

/** Six kinds of rights. */
export const RIGHTS: Rights[] = [
  { role: "front-desk", scope: "user/*.cruds", hidden: ["Observation", ...RECORD, ...MONEY, ...LABORATORY] },
  { role: "lab-technician", scope: "user/*.cruds", hidden: [...RECORD, ...MONEY] },
  { role: "billing", scope: "user/*.cruds", hidden: ["Observation", ...RECORD, ...LABORATORY] },
  { role: "nurse", scope: "user/*.cruds", hidden: MONEY },
  {
    role: "physician",
    scope:
      "user/Patient.rs user/Observation.cruds?category=laboratory&code=c1,c2 user/Encounter.r user/Condition.rs?code:not=c0 user/AllergyIntolerance.cruds?code=c1",
    hidden: ["AllergyIntolerance", "MedicationRequest", ...MONEY, ...LABORATORY],
    hides: ({ resourceType, id, category }) => {
      const n = Number(id.slice(1));
      return (resourceType === "Observation" && (category === undefined || n % 3 === 0)) || (resourceType === "Condition" && n % 3 === 0);
    },
  },
  { role: "physician", scope: "user/Patient.rs user/Observation.rs", hidden: ["Encounter", ...RECORD, ...MONEY, ...LABORATORY] },
];

/** Number of patients: p0, p1, … */
export const PATIENTS = 6;
/** One of its patients. */
export const patient = (n: number) => ({ reference: `Patient/p${n % PATIENTS}` });
const encounter = (n: number) => ({ reference: `Encounter/e${n % PATIENTS}` });
/** The code of a diagnosis or an examination. */
export const code = (n: number) => ({ coding: [{ system: "urn:codes", code: `c${n % 3}` }], text: ["Glucose", "Fever", "Cough"][n % 3] });
const identifier = (n: number) => [{ system: "urn:mark", value: `${n % 4}` }];
const ACTIVE = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] };
/** What the laboratory has found. */
export const LAB = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];

/** The resources of a small hospital, the same each time. */
export function hospital(): Resource[] {
  const all: Resource[] = [];
  for (let n = 0; n < PATIENTS; n += 1) {
    const name = [{ family: ["Rossi", "Benali", "Okafor"][n % 3], given: [`G${n}`] }];
    all.push({ resourceType: "Patient", id: `p${n}`, name, gender: n % 2 ? "male" : "female", birthDate: `19${50 + n}-01-01` });
    const diagnosis = [{ condition: { reference: `Condition/x${n}` } }];
    all.push({ resourceType: "Encounter", id: `e${n}`, status: "finished", class: { code: "AMB" }, subject: patient(n), diagnosis });
  }
  for (let n = 0; n < 18; n += 1) {
    const of = { subject: patient(n), code: code(n), identifier: identifier(n) };
    const seen = { ...of, status: "final", encounter: encounter(n), effectiveDateTime: `2026-0${1 + (n % 9)}-01` };
    all.push({
      resourceType: "Observation",
      id: `o${n}`,
      ...seen,
      ...(n % 2 && { category: LAB }),
      valueQuantity: { value: n, unit: "g" },
    });
    all.push({ resourceType: "Condition", id: `x${n}`, ...of, encounter: encounter(n) });
    if (n % 3) continue;
    const { subject, ...coded } = of;
    all.push({ resourceType: "AllergyIntolerance", id: `a${n}`, clinicalStatus: ACTIVE, ...coded, patient: subject });
    const order = { ...of, intent: "order", encounter: encounter(n) };
    all.push({ resourceType: "ServiceRequest", id: `s${n}`, ...order, status: "active" });
    all.push({
      resourceType: "MedicationRequest",
      id: `m${n}`,
      subject,
      identifier: identifier(n),
      intent: "order",
      status: "active",
      medicationCodeableConcept: code(n),
    });
    const result = [{ reference: `Observation/o${n}` }];
    all.push({
      resourceType: "DiagnosticReport",
      id: `r${n}`,
      ...of,
      status: "final",
      result,
      basedOn: [{ reference: `ServiceRequest/s${n}` }],
    });
    all.push({ resourceType: "ChargeItem", id: `c${n}`, ...of, status: "billable", context: encounter(n) });
    all.push({
      resourceType: "Invoice",
      id: `i${n}`,
      status: "draft",
      subject,
      identifier: identifier(n),
      lineItem: [{ chargeItemReference: { reference: `ChargeItem/c${n}` } }],
    });
  }
  return all;
}
