/** Parameters of the bench's actions, for Moleculer's validator. */
import { reasonRule } from "../../../mesh/param-rules.ts";
import { occurrenceTimeRules } from "../../../mixins/fhir/occurrence-time.ts";
import { referenceTo } from "../../../mixins/fhir/domain-references.ts";
import { seenVersionRules, versionRule } from "../../../mixins/fhir/seen-version.ts";
import { Priority } from "../bench.contract.ts";

const code = {
  type: "string",
  pattern: /^[A-Za-z0-9.-]{1,40}$/,
  messages: { stringPattern: "'{field}' must be a code of the catalogue." },
} as const;
const value = [{ type: "number" }, { type: "string", trim: true, min: 1, max: 2_000 }] as const;
const unit = { type: "string", min: 1, max: 50, optional: true } as const;
const result = { type: "object", strict: true, props: { code, value, unit } } as const;
const order = referenceTo("ServiceRequest");
const seenValue = {
  type: "object",
  strict: true,
  props: { observation: referenceTo("Observation"), version: { ...versionRule, optional: false } },
} as const;

/** By action. */
export const benchParams = {
  nameTest: {
    code,
    language: {
      type: "string",
      pattern: /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/,
      messages: { stringPattern: "'{field}' must be a language tag (BCP 47), like fr." },
    },
    name: { type: "string", trim: true, min: 1, max: 200, optional: true },
    seen: { type: "string", max: 1_000, optional: true },
    $$strict: true,
  },
  orderPanel: {
    patient: referenceTo("Patient"),
    encounter: { ...referenceTo("Encounter"), optional: true },
    code,
    priority: { type: "enum", values: Object.values(Priority), optional: true },
    ...occurrenceTimeRules,
    $$strict: true,
  },
  collect: {
    orders: { type: "array", min: 1, max: 50, items: order },
    kind: { type: "string", trim: true, min: 1, max: 100, optional: true },
    ...occurrenceTimeRules,
    $$strict: true,
  },
  rejectSpecimen: { specimen: referenceTo("Specimen"), reason: reasonRule, ...seenVersionRules, ...occurrenceTimeRules, $$strict: true },
  enter: {
    order,
    results: { type: "array", min: 1, max: 200, items: result },
    specimen: { ...referenceTo("Specimen"), optional: true },
    version: { ...versionRule, min: 0 },
    ...occurrenceTimeRules,
    $$strict: true,
  },
  release: {
    order,
    ...seenVersionRules,
    values: { type: "array", max: 500, items: seenValue, optional: true },
    missingReason: { ...reasonRule, optional: true },
    $$strict: true,
  },
  listCritical: { patient: { ...referenceTo("Patient"), optional: true }, $$strict: true },
  acknowledge: {
    observation: referenceTo("Observation"),
    note: { ...reasonRule, optional: true },
    ...seenVersionRules,
    ...occurrenceTimeRules,
    $$strict: true,
  },
} as const;
