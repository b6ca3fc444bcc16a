/** Rules of Moleculer's validator as JSON Schema (2020-12): what mesh/params.ts refuses, the schema excludes. */
import { INVISIBLE } from "../../../fhir/visible-text.ts";
import { CONTROL } from "../../../mesh/params.ts";

/** A schema, or a part of one. */
export type JsonSchema = Record<string, unknown>;

/** The type in a rule of Moleculer's validator: `"number|min:1"` or `{ type: "number", … }`. */
export function typeOfRule(rule: unknown): string | undefined {
  if (typeof rule === "string") return rule.split("|")[0];
  if (Array.isArray(rule)) return "multi";
  if (rule !== null && typeof rule === "object") return (rule as { type?: string }).type;
  return undefined;
}

/** The schema of an object: of an action's parameters, or of an `object` among them. */
export function objectSchema(rules: JsonSchema, isStrict = rules.$$strict === true): JsonSchema {
  const names = Object.keys(rules).filter((name) => !name.startsWith("$$"));
  const required = names.filter((name) => !isOptional(rules[name]));
  return {
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, schemaOf(rules[name])])),
    ...(required.length > 0 && { required }),
    ...(isStrict && { additionalProperties: false }),
  };
}

const isOptional = (rule: unknown): boolean =>
  Array.isArray(rule) ? rule.every(isOptional) : optionsOf(rule).optional === true || "default" in optionsOf(rule);

const optionsOf = (rule: unknown): JsonSchema =>
  typeof rule === "object" && rule !== null ? (rule as JsonSchema) : shorthand(String(rule));

/** The schema of one parameter. A rule of an unknown type allows anything. */
export function schemaOf(rule: unknown): JsonSchema {
  if (Array.isArray(rule)) return { anyOf: rule.map(schemaOf) };
  const options = optionsOf(rule);
  const described = typeof options.description === "string" ? { description: options.description } : {};
  return { ...plainSchema(typeOfRule(rule), options), ...described };
}

function plainSchema(type: string | undefined, options: JsonSchema): JsonSchema {
  switch (type) {
    case "string":
      return textSchema(options);
    case "number":
      return {
        type: options.integer === true ? "integer" : "number",
        ...limits(options, "minimum", "maximum"),
        ...(options.positive === true && { exclusiveMinimum: 0 }),
      };
    case "boolean":
      return { type: "boolean" };
    case "enum":
      return { type: "string", enum: options.values };
    case "uuid":
      return { type: "string", format: "uuid" };
    case "array":
      return {
        type: "array",
        items: options.items === undefined ? {} : schemaOf(options.items),
        ...limits(options, "minItems", "maxItems"),
      };
    case "object": {
      const inner = (options.props ?? options.properties) as JsonSchema | undefined;
      return inner ? objectSchema(inner, options.strict === true) : { type: "object" };
    }
    case "multi":
      return { anyOf: (options.rules as unknown[]).map(schemaOf) };
    default:
      return {};
  }
}

/** The schema of a text, as mesh/params.ts checks it. */
function textSchema(options: JsonSchema): JsonSchema {
  const { min, max, pattern } = options as { min?: number; max?: number; pattern?: RegExp | string };
  const form = pattern instanceof RegExp ? pattern.source : pattern;
  // At least one character that shows something; those beyond the basic plane that show nothing are left to the validator.
  const seen = (min ?? 0) > 0 ? `[^${INVISIBLE}]` : undefined;
  const inside = `[^${CONTROL}]*`;
  const isBounded = max !== undefined && form === undefined;
  const plain = isBounded ? `^${inside}${seen === undefined ? "" : seen + inside}$` : seen;
  return { type: "string", ...limits(options, "minLength", "maxLength"), ...((form ?? plain) && { pattern: form ?? plain }) };
}

const limits = (options: JsonSchema, least: string, most: string): JsonSchema => ({
  ...(options.min !== undefined && { [least]: options.min }),
  ...(options.max !== undefined && { [most]: options.max }),
});

function shorthand(rule: string): JsonSchema {
  return Object.fromEntries(
    rule
      .split("|")
      .slice(1)
      .map((part) => {
        const [name = "", value] = part.split(":");
        return [name, value === undefined ? true : Number.isFinite(Number(value)) ? Number(value) : value];
      }),
  );
}

/** The header by which a repeated request takes effect once, for OpenAPI. */
export const IDEMPOTENCY_KEY: JsonSchema = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "A string of its own for each request, a UUID, in quotes or bare: sent again with the same key, the request has one effect and the same answer, for 24 hours",
  schema: { type: "string", minLength: 1, maxLength: 257 },
};
