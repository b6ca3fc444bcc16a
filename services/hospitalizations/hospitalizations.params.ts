/** Parameters of the actions, for Moleculer's validator. */
import { momentRule, reasonRule } from "../../mesh/param-rules.ts";
import { occurrenceTimeRules } from "../../mixins/fhir/occurrence-time.ts";
import { referenceTo } from "../../mixins/fhir/domain-references.ts";
import { seenVersionRules, versionRule } from "../../mixins/fhir/seen-version.ts";
import { RequestKind } from "./requests.contract.ts";
import { DISPOSITIONS } from "./stays.model.ts";

const stay = referenceTo("Encounter");
const place = { ...referenceTo("Location"), optional: true } as const;
const whereTo = { bed: place, ward: place } as const;
const optionalReason = { ...reasonRule, optional: true } as const;
/** An attribute such as "isolation". */
const need = {
  type: "string",
  pattern: /^[a-z][a-z0-9-]{0,39}$/,
  messages: { stringPattern: "'{field}' must be of small letters, digits and hyphens." },
} as const;

/** By action. */
export const params = {
  request: {
    patient: referenceTo("Patient"),
    kind: { type: "enum", values: Object.values(RequestKind) },
    ward: place,
    reason: optionalReason,
    plannedFor: { ...momentRule, optional: true },
    motherStay: { ...stay, optional: true },
    needs: { type: "array", max: 20, items: need, optional: true },
    ...occurrenceTimeRules,
    $$strict: true,
  },
  accept: { request: stay, ward: place, ...seenVersionRules, $$strict: true },
  deny: { request: stay, reason: reasonRule, ...seenVersionRules, $$strict: true },
  admit: {
    patient: referenceTo("Patient"),
    ...whereTo,
    visit: { ...stay, optional: true },
    request: { ...stay, optional: true },
    reason: optionalReason,
    ...occurrenceTimeRules,
    $$strict: true,
  },
  transfer: { stay, ...whereTo, ...seenVersionRules, ...occurrenceTimeRules, $$strict: true },
  ofTransfer: { stay, ...seenVersionRules, $$strict: true },
  requestTransfer: { stay, to: referenceTo("Location"), ...seenVersionRules, $$strict: true },
  swap: { stay, with: stay, ...seenVersionRules, versionOfOther: versionRule, ...occurrenceTimeRules, $$strict: true },
  move: { stay, ...seenVersionRules, ...occurrenceTimeRules, $$strict: true },
  setPhysician: { stay, physician: referenceTo("Practitioner"), ...seenVersionRules, ...occurrenceTimeRules, $$strict: true },
  handOver: { stay, text: { type: "string", trim: true, min: 1, max: 10_000 }, ...occurrenceTimeRules, $$strict: true },
  discharge: {
    stay,
    disposition: { type: "enum", values: Object.keys(DISPOSITIONS), optional: true },
    ...seenVersionRules,
    ...occurrenceTimeRules,
    $$strict: true,
  },
  undo: { stay, reason: reasonRule, ...seenVersionRules, $$strict: true },
  undoEnd: { stay, reason: reasonRule, bed: place, ...seenVersionRules, $$strict: true },
} as const;
