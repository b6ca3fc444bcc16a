/** Parameters of the actions on prescriptions and doses, for Moleculer's validator. */
import { reasonRule, timeRule } from "../../../mesh/param-rules.ts";
import { occurrenceTimeRules } from "../../../mixins/fhir/occurrence-time.ts";
import { codeRule, referenceTo } from "../../../mixins/fhir/domain-references.ts";
import { DoseOutcome } from "../doses.contract.ts";
import { quantity, whereRules } from "../stock/stock-params.ts";

const optionalReason = { ...reasonRule, optional: true } as const;
const unit = {
  type: "string",
  pattern: /^[^\u0000-\u0020]{1,50}$/,
  messages: { stringPattern: "'{field}' must be a unit of UCUM, without spaces." },
} as const;
const dose = {
  type: "object",
  strict: true,
  optional: true,
  props: { value: { type: "number", min: 0.000_001, max: 1_000_000 }, unit },
} as const;
const route = { type: "string", trim: true, min: 1, max: 100, optional: true } as const;
const timing = {
  type: "object",
  strict: true,
  optional: true,
  props: {
    frequency: { type: "number", integer: true, min: 1, max: 96 },
    period: { type: "number", min: 0.25, max: 100 },
    periodUnit: { type: "enum", values: ["h", "d", "wk"] },
    from: timeRule,
    until: { ...timeRule, optional: true },
  },
} as const;
/** Patients in one question: a hospital with 2,000 beds. */
const patients = { type: "array", max: 2_000, items: referenceTo("Patient") } as const;

/** By action. */
export const doseParams = {
  prescribe: {
    patient: referenceTo("Patient"),
    encounter: { ...referenceTo("Encounter"), optional: true },
    medication: codeRule,
    quantity: { type: "number", min: 0.000_001, max: 1_000_000 },
    dosage: { type: "string", trim: true, min: 1, max: 1_000 },
    timing,
    dose,
    route,
    asNeeded: { type: "boolean", optional: true },
    asNeededFor: { type: "string", trim: true, min: 1, max: 200, optional: true },
    maxPerDay: dose,
    continues: { ...referenceTo("MedicationStatement"), optional: true },
    override: optionalReason,
    ...occurrenceTimeRules,
    $$strict: true,
  },
  due: {
    ward: { ...referenceTo("Location"), optional: true },
    patient: { ...referenceTo("Patient"), optional: true },
    aheadMinutes: { type: "number", integer: true, min: 0, max: 1_440, optional: true },
    $$strict: true,
  },
  countDue: { patients, $$strict: true },
  administer: {
    prescription: referenceTo("MedicationRequest"),
    outcome: { type: "enum", values: Object.values(DoseOutcome) },
    due: { ...timeRule, optional: true },
    dose,
    route,
    reason: optionalReason,
    scanned: {
      type: "object",
      strict: true,
      optional: true,
      props: { patient: { type: "string", min: 1, max: 200 }, medication: { type: "string", min: 1, max: 500 } },
    },
    override: optionalReason,
    limitReason: optionalReason,
    fromStock: { type: "object", strict: true, optional: true, props: { quantity, ...whereRules } },
    ...occurrenceTimeRules,
    $$strict: true,
  },
  cancelAdministration: { administration: referenceTo("MedicationAdministration"), reason: reasonRule, $$strict: true },
} as const;
