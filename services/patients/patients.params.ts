/** Rules for the params of this service's actions. */
import { dateRule, uriRule } from "../../mesh/param-rules.ts";

/** A part of a name. */
export const NAME = { type: "string", trim: true, min: 1, max: 200 } as const;
/** Given names. */
export const GIVEN = { type: "array", min: 1, max: 10, items: NAME } as const;
/** A day, or as much of it as is known. */
export const birthDate = dateRule;
const phone = { type: "string", min: 1, max: 50, optional: true } as const;

/** A number in the system that gives it. */
export const identifier = {
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

/** What may be known of a person besides the name: a few of each. */
export const details = {
  phone,
  mothersName: { ...NAME, optional: true },
  identifiers: { type: "array", max: 10, items: identifier, optional: true },
  otherNames: {
    type: "array",
    max: 10,
    items: { type: "object", strict: true, props: { family: NAME, given: GIVEN, language } },
    optional: true,
  },
  addresses: {
    type: "array",
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
    max: 10,
    items: {
      type: "object",
      strict: true,
      props: {
        family: NAME,
        given: { ...GIVEN, optional: true },
        relationship: { type: "enum", values: ["N", "C", "E", "U"], optional: true },
        phone,
      },
    },
    optional: true,
  },
} as const;
