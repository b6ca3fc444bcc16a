/** Parameters of the stock's actions, for Moleculer's validator. */
import { dateRule, reasonRule } from "../../../mesh/param-rules.ts";
import { occurrenceTimeRules } from "../../../mixins/fhir/occurrence-time.ts";
import { codeRule, referenceTo } from "../../../mixins/fhir/domain-references.ts";
import { seenVersionRules } from "../../../mixins/fhir/seen-version.ts";
import { ID_PATTERN } from "../../../fhir/ids.ts";

const MAX_QUANTITY = 1_000_000;
/** Counters have six decimals. */
const MIN_QUANTITY = 0.000_001;
/** Units: tablets, or 2.5 ml. */
export const quantity = { type: "number", min: MIN_QUANTITY, max: MAX_QUANTITY } as const;
/** The reorder level; 0: none. */
const level = { type: "number", min: 0, max: MAX_QUANTITY } as const;
const lot = { type: "string", trim: true, min: 1, max: 100 } as const;
const place = { ...referenceTo("Location"), optional: true } as const;
const optionalReason = { ...reasonRule, optional: true } as const;
const medicationText = { type: "string", min: 1, max: 500 } as const;
/** A place, or "default" for the default one. */
const placeOrDefault = {
  type: "string",
  optional: true,
  pattern: new RegExp(`^(?:default|Location/${ID_PATTERN})$`),
  messages: { stringPattern: "'{field}' must be a reference like Location/1, or default." },
} as const;

/** Which part of the stock. */
export const whereRules = { place, lot: { ...lot, optional: true } } as const;

/** By action. */
export const stockParams = {
  receive: {
    medication: codeRule,
    quantity,
    unit: { type: "string", trim: true, min: 1, max: 100, optional: true },
    expires: { ...dateRule, optional: true },
    ...whereRules,
    ...occurrenceTimeRules,
    $$strict: true,
  },
  adjust: {
    medication: codeRule,
    by: [quantity, { type: "number", min: -MAX_QUANTITY, max: -MIN_QUANTITY }],
    reason: reasonRule,
    ...whereRules,
    ...occurrenceTimeRules,
    $$strict: true,
  },
  count: {
    medication: codeRule,
    quantity: { type: "number", min: 0, max: MAX_QUANTITY },
    reason: optionalReason,
    seen: { type: "number", min: -MAX_QUANTITY, max: MAX_QUANTITY, optional: true },
    ...whereRules,
    $$strict: true,
  },
  listStock: { medication: { ...medicationText, optional: true }, $$strict: true },
  listLots: { medication: { ...medicationText, optional: true }, place: placeOrDefault, $$strict: true },
  expiring: {
    days: { type: "number", integer: true, min: 0, max: 3_650, optional: true },
    place: placeOrDefault,
    $$strict: true,
  },
  setReorderLevel: {
    medication: codeRule,
    level,
    place,
    seen: { ...level, optional: true },
    $$strict: true,
  },
  listReorderLevels: {
    medication: { ...medicationText, optional: true },
    isBelow: { type: "boolean", optional: true },
    $$strict: true,
  },
  listMovements: { medication: medicationText, $$strict: true },
  proposeLot: { medication: medicationText, quantity, place, $$strict: true },
  transfer: {
    medication: codeRule,
    quantity,
    from: place,
    to: place,
    lot: { ...lot, optional: true },
    reason: optionalReason,
    ...occurrenceTimeRules,
    $$strict: true,
  },
  blockLot: { medication: codeRule, lot, reason: reasonRule, $$strict: true },
  releaseLot: { medication: codeRule, lot, reason: reasonRule, $$strict: true },
  dispense: {
    prescription: referenceTo("MedicationRequest"),
    quantity,
    ...whereRules,
    ...seenVersionRules,
    ...occurrenceTimeRules,
    $$strict: true,
  },
  return: {
    dispense: referenceTo("MedicationDispense"),
    quantity,
    reason: optionalReason,
    lot: { ...lot, optional: true },
    ...occurrenceTimeRules,
    $$strict: true,
  },
} as const;
