/** Parameters of the actions, for Moleculer's validator. */
import { dayRule, reasonRule } from "../../mesh/param-rules.ts";
import { referenceTo } from "../../mixins/fhir/domain-references.ts";
import { seenVersionRules } from "../../mixins/fhir/seen-version.ts";
import { MAX_TOUCHED } from "./board-events.contract.ts";
import { BedStatus, Cleaning } from "./wards.contract.ts";

const ATTRIBUTES = {
  type: "array",
  max: 20,
  items: {
    type: "string",
    pattern: /^[a-z][a-z0-9-]{0,39}$/,
    messages: { stringPattern: "'{field}' must be of small letters, digits and hyphens." },
  },
} as const;
const census = { from: dayRule, to: dayRule, ward: { ...referenceTo("Location"), optional: true }, $$strict: true } as const;
const NAME = { type: "string", trim: true, min: 1, max: 100 } as const;

/** By action. */
export const params = {
  open: {
    name: NAME,
    rooms: {
      type: "array",
      min: 1,
      max: 200,
      items: { type: "object", strict: true, props: { name: NAME, beds: { type: "array", min: 1, max: 50, items: NAME } } },
    },
    $$strict: true,
  },
  listBeds: {
    ward: { ...referenceTo("Location"), optional: true },
    status: { type: "enum", values: Object.values(BedStatus), optional: true },
    $$strict: true,
  },
  addRoom: { ward: referenceTo("Location"), name: NAME, beds: { type: "array", min: 1, max: 50, items: NAME }, $$strict: true },
  addBeds: {
    room: referenceTo("Location"),
    beds: { type: "array", min: 1, max: 50, items: NAME },
    attributes: { ...ATTRIBUTES, optional: true },
    $$strict: true,
  },
  describe: {
    location: referenceTo("Location"),
    ...seenVersionRules,
    attributes: { ...ATTRIBUTES, optional: true },
    sex: { type: "enum", values: ["male", "female", "any"], optional: true },
    $$strict: true,
  },
  setCleaning: {
    bed: referenceTo("Location"),
    cleaning: { type: "enum", values: Object.values(Cleaning) },
    ...seenVersionRules,
    $$strict: true,
  },
  close: { location: referenceTo("Location"), reason: reasonRule, ...seenVersionRules, $$strict: true },
  reopen: { location: referenceTo("Location"), ...seenVersionRules, $$strict: true },
  findBeds: {
    ward: { ...referenceTo("Location"), optional: true },
    needs: { type: "string", pattern: /^[a-z][a-z0-9-]*(,[a-z][a-z0-9-]*){0,19}$/, max: 500, optional: true },
    sex: { type: "enum", values: ["male", "female"], optional: true },
    $$strict: true,
  },
  locate: { touched: { type: "array", max: MAX_TOUCHED, items: "object" }, $$strict: true },
  board: { ward: { ...referenceTo("Location"), optional: true }, $$strict: true },
  census,
} as const;
