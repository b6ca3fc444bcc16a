/** Parameters of the actions, for Moleculer's validator. */
import { dateRule, reasonRule, uriRule } from "../../mesh/param-rules.ts";
import { referenceTo } from "../../mixins/fhir/domain-references.ts";
import { seenVersionRules } from "../../mixins/fhir/seen-version.ts";
import { Gender, Relation } from "./patients.contract.ts";

/** A part of a name. */
const NAME = { type: "string", trim: true, min: 1, max: 200 } as const;
/** Given names; none for a person with one name. */
const GIVEN = { type: "array", max: 10, items: NAME, optional: true } as const;
/** A date, possibly without day or month. */
const birthDate = dateRule;
const phone = { type: "string", min: 1, max: 50, optional: true } as const;

/** An identifier with its system. */
const identifier = {
  type: "object",
  strict: true,
  props: { system: uriRule, value: { type: "string", min: 1, max: 200 } },
} as const;

const text = { ...NAME, optional: true } as const;
const language = {
  type: "string",
  pattern: /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$/,
  messages: { stringPattern: "'{field}' must be a language like ar or zh-Hans." },
  optional: true,
} as const;

/** Details of a person besides the name, a few of each. */
const details = {
  phone,
  mothersName: { ...NAME, optional: true },
  identifiers: { type: "array", min: 1, max: 10, items: identifier, optional: true },
  otherNames: {
    type: "array",
    min: 1,
    max: 10,
    items: { type: "object", strict: true, props: { family: NAME, given: GIVEN, language } },
    optional: true,
  },
  addresses: {
    type: "array",
    min: 1,
    max: 5,
    items: {
      type: "object",
      strict: true,
      props: {
        line: { type: "array", min: 1, max: 5, items: NAME, optional: true },
        city: text,
        district: text,
        state: text,
        postalCode: { ...text, max: 20 },
        country: text,
      },
    },
    optional: true,
  },
  contacts: {
    type: "array",
    min: 1,
    max: 10,
    items: {
      type: "object",
      strict: true,
      props: {
        family: NAME,
        given: GIVEN,
        relationship: { type: "enum", values: ["N", "C", "E", "U"], optional: true },
        relation: { type: "enum", values: Object.values(Relation), optional: true },
        phone,
      },
    },
    optional: true,
  },
} as const;

const gender = { type: "enum", values: Object.values(Gender) } as const;
const optional = <Rule extends object>(rule: Rule) => ({ ...rule, optional: true }) as const;

/** The reason why something is right in spite of doubts. */
export const confirm = optional({ type: "string", trim: true, min: 1, max: 500 } as const);

/** Parameters of `register`. */
export const registration = {
  family: NAME,
  given: GIVEN,
  birthDate: optional(birthDate),
  gender,
  identifier: optional(identifier),
  ...details,
  confirm,
  $$strict: true,
} as const;

/** Parameters of `registerUnknown`. */
export const unknown = { gender, birthDate: optional(birthDate), $$strict: true } as const;

/** Parameters of `registerNewborn`. */
export const newbornChild = {
  mother: referenceTo("Patient"),
  gender,
  birthDate,
  multipleBirth: { type: "number", integer: true, min: 1, max: 20, optional: true },
  family: optional(NAME),
  given: GIVEN,
  $$strict: true,
} as const;

/** What is known of a person, all of it optional. */
const known = {
  family: optional(NAME),
  given: GIVEN,
  birthDate: optional(birthDate),
  gender: optional(gender),
  ...details,
} as const;

/** Parameters of `update`. */
export const update = { patient: referenceTo("Patient"), ...known, ...seenVersionRules, $$strict: true } as const;

/** Parameters of `candidates`. @param most candidates in one answer */
export const description = (most: number) =>
  ({
    ...known,
    identifier: optional(identifier),
    like: optional(referenceTo("Patient")),
    limit: { type: "number", integer: true, min: 1, max: most, optional: true },
    $$strict: true,
  }) as const;

/** Parameters of `listDuplicates`. */
export const duplicatesAsked = {
  limit: { type: "number", integer: true, min: 1, max: 100, optional: true },
  after: { type: "string", max: 200, optional: true },
  $$strict: true,
} as const;

/** Parameters of `setDistinct`. */
export const distinct = {
  patient: referenceTo("Patient"),
  other: referenceTo("Patient"),
  reason: { ...reasonRule, optional: true },
  $$strict: true,
} as const;
