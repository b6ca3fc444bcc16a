/** Numbers of FHIR keep the digits with which they were written (R4 2.24.0.1): a result of 13.50 is more precise than one of 13.5. */

/** A member of objects with such numbers: their digits by name. It is copied with the object, and not a member of its JSON. */
const DIGITS = Symbol("digits");

interface WithDigits {
  [DIGITS]?: Record<string, string>;
}

/** JSON with a number that ends in zeros behind its point; times are texts, and end otherwise. */
const MAY_HAVE_DIGITS = /\d\.\d*0[\s,}\]]/;
const WITH_POINT = /^-?\d+\.\d+$/;

/** Parses JSON; `digitsOf` tells the digits of its numbers. Browsers that do not tell the text of a number leave them out. */
export function parseKeeping(text: string): unknown {
  if (!MAY_HAVE_DIGITS.test(text)) return JSON.parse(text);
  return JSON.parse(text, function keep(this: WithDigits, name: string, value: unknown, context?: { source?: string }) {
    const source = context?.source ?? "";
    if (typeof value === "number" && `${value}` !== source && WITH_POINT.test(source)) {
      this[DIGITS] ??= {};
      this[DIGITS][name] = source;
    }
    return value;
  } as (name: string, value: unknown) => unknown);
}

/** The digits of a number in a parsed object, if it has more than its value needs. */
export function digitsOf<Of extends object>(of: Of, name: keyof Of & string): string | undefined {
  const digits = (of as WithDigits)[DIGITS]?.[name];
  return digits !== undefined && Number(digits) === of[name] ? digits : undefined; // a copy may have another value
}

// Not declared by TypeScript yet.
const { rawJSON } = JSON as unknown as { rawJSON?: (text: string) => unknown };

/** JSON text with the digits of what was parsed. */
export function jsonKeeping(value: object): string {
  return JSON.stringify(value, function keep(this: object, name: string, member: unknown) {
    const digits = rawJSON && typeof member === "number" ? digitsOf(this as Record<string, unknown>, name) : undefined;
    return digits === undefined ? member : rawJSON?.(digits);
  });
}
