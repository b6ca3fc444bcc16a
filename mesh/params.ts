/**
 * Validation of params: Moleculer's validator (fastest-validator) with additions. Texts are counted in characters as in
 * JSON Schema, null is no value, and an error says where and why without repeating the input, which may be of any
 * size, and name a patient. services/api/rest/params-schema.ts publishes the same rules.
 */
import { Validators } from "moleculer";
import { SEEN } from "../fhir/visible-text.ts";

/** Faults of one call that an answer names. */
const MAX_FAULTS = 20;
/** Characters of the list of unknown members in an answer. */
const MAX_NAMES = 200;

/** Characters that FHIR does not allow in text (R4 2.24.0.1), as the inside of a character class. */
export const CONTROL = "\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f";

/** Options of a rule of type `string`; others fail at the start, since nothing would check them. */
const TEXT_OPTIONS = new Set(["type", "trim", "min", "max", "pattern", "messages", "description", "optional", "nullable", "default"]);

interface Rule {
  schema: Record<string, unknown>;
  messages: Record<string, string>;
}

/** Fastest-validator's code generator. */
interface Maker {
  makeError(fault: Fault): string;
  compileRule(rule: unknown, context: CheckContext, ...more: unknown[]): unknown;
  rules: Record<string, unknown>;
}

interface Fault {
  type: string;
  expected?: unknown;
  actual?: string;
  field?: string;
  messages: Record<string, string>;
}

const messages = {
  required: "'{field}' must have a value; null is none.",
  objectStrict: "Unknown, and refused: {actual}.",
  string: "'{field}' must be a text.",
  stringMin: "'{field}' must have at least {expected} characters that are no white space.",
  stringSeen: "'{field}' must have a character that can be seen.",
  stringMax: "'{field}' must not be longer than {expected} characters.",
  stringPattern: "'{field}' does not have the form that it should: {expected}.",
  stringControl: "'{field}' must not hold control characters other than tab, carriage return and line feed.",
  enumValue: "'{field}' must be one of: {expected}.",
  number: "'{field}' must be a number.",
  numberInteger: "'{field}' must be a whole number.",
  numberMin: "'{field}' must be at least {expected}.",
  numberMax: "'{field}' must be at most {expected}.",
  numberPositive: "'{field}' must be above zero.",
  boolean: "'{field}' must be true or false.",
  object: "'{field}' must be an object.",
  array: "'{field}' must be a list.",
  arrayMin: "'{field}' must have at least {expected} items.",
  arrayMax: "'{field}' must have at most {expected} items.",
  arrayUnique: "'{field}' must not have an item twice.",
};

/** Types of rules for which null is no value, even if they are optional. */
const valued = ["string", "number", "boolean", "enum", "array", "object", "multi", "uuid"];

/**
 * Moleculer's validator of params. Differences: a `string` with `max` must not contain control characters (one with a `pattern`: as that
 * says) and is counted in Unicode characters, `max` before and `min` after `trim`; one with a `min` shows something; null is refused everywhere except
 * for `any`; at most 20 faults are reported, without the values that were sent.
 */
export class ParamsValidator extends Validators.Fastest {
  /** Of the schema that was compiled last. */
  #context: CheckContext | undefined;

  constructor() {
    super({
      messages,
      considerNullAsAValue: true,
      defaults: Object.fromEntries(valued.map((type) => [type, { nullable: false }])),
    } as object);
    // The underlying library, a private member.
    const maker = (this as unknown as { validator: Maker }).validator;
    const makeError = maker.makeError.bind(maker);
    maker.makeError = ({ actual, ...fault }) => {
      // Otherwise `actual` is the value, from which the message is formatted: that fails for many values that clients can make up.
      const told = fault.type === "objectStrict" ? { ...fault, actual: `${actual}.slice(0, ${MAX_NAMES})` } : fault;
      return `if (errors.length < ${MAX_FAULTS}) { ${makeError(told)} }`;
    };
    maker.rules["string"] = checkText;
    const compileRule = maker.compileRule.bind(maker);
    maker.compileRule = (rule, context, ...more) => {
      this.#context = context;
      return compileRule(rule, context, ...more);
    };
  }

  /** The check of params. Unlike the library's it keeps no reference to what it has checked. */
  override compile(schema: Record<string, unknown>): CheckParams {
    const check = super.compile(schema);
    const context = this.#context as CheckContext;
    const checked: CheckParams = (params, options) => {
      try {
        return check(params, options);
      } finally {
        // These would keep the last request of each action in memory, with a body of up to 32 MB.
        context.data = undefined;
        context.meta = undefined;
      }
    };
    return Object.assign(checked, check);
  }
}

type CheckParams = ReturnType<InstanceType<typeof Validators.Fastest>["compile"]>;

/** What the library keeps of the last check: its params and its Context. */
interface CheckContext {
  data?: unknown;
  meta?: unknown;
}

/** The expected form of a text, in words if the rule has some. */
function formOf(pattern: RegExp | string, description: string | undefined): string {
  return (description ?? new RegExp(pattern).source).replace(/\.$/, "").slice(0, MAX_NAMES);
}

function checkText(this: Maker, { schema, messages }: Rule, path: string): { source: string; sanitized: boolean } {
  const unknown = Object.keys(schema).filter((option) => !TEXT_OPTIONS.has(option));
  if (unknown.length > 0) throw new Error(`The rule of the param "${path}" has ${unknown.join(", ")}, which is not checked in texts.`);
  const { trim, min, max, pattern, description } = schema as {
    trim?: boolean;
    min?: number;
    max?: number;
    pattern?: RegExp | string;
    description?: string;
  };
  if (trim && (min ?? 0) > 1) throw new Error(`The rule of the param "${path}" has trim and a min over 1, which a schema cannot express.`);
  const refuse = (type: string, expected?: unknown) => this.makeError({ type, messages, ...(expected !== undefined && { expected }) });
  const source = [`if (typeof value !== "string") { ${refuse("string")} return value; }`];
  // Beyond twice the limit it is too long in either way of counting.
  const count = (limit: number) => `(value.length > ${2 * limit} ? value.length : Array.from(value).length)`;
  if (max !== undefined) source.push(`if (${count(max)} > ${max}) { ${refuse("stringMax", max)} return value; }`);
  if (max !== undefined && pattern === undefined) source.push(`if (/[${CONTROL}]/.test(value)) { ${refuse("stringControl")} }`);
  if (trim) source.push("value = value.trim();");
  if (min !== undefined) source.push(`if (${count(min)} < ${min}) { ${refuse("stringMin", min)} return value; }`);
  if ((min ?? 0) > 0 && pattern === undefined) source.push(`if (!${SEEN}.test(value)) { ${refuse("stringSeen")} }`);
  if (pattern !== undefined) {
    const form = JSON.stringify(formOf(pattern, description));
    source.push(`if (!${new RegExp(pattern)}.test(value)) { ${refuse("stringPattern", form)} }`);
  }
  return { sanitized: trim === true, source: [...source, "return value;"].join("\n") };
}
