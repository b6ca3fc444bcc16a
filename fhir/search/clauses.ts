/** One criterion, `code:modifier=value,value`, as clauses for a store (R4 3.1.1.4). */
import { fhirError } from "../outcome.ts";
import { compositeClauses } from "./composites.ts";
import { splitAt, unescaped } from "./escapes.ts";
import { isResourceType, type SearchParameter } from "./parameters.ts";
import type { Clause } from "./query.ts";
import type { Context } from "./types/context.ts";
import { dateMatches } from "./types/date.ts";
import { nearClauses } from "./types/near.ts";
import { numberMatches } from "./types/number.ts";
import { rangeClauses } from "./types/prefix.ts";
import { quantityMatches } from "./types/quantity.ts";
import { referenceClause } from "./types/reference.ts";
import { phoneticClause, stringMatches } from "./types/string.ts";
import { tokenClause } from "./types/token.ts";
import { uriClauses } from "./types/uri.ts";

/** Values in a list. */
const MAX_VALUES = 1_000;
/** Values in a list each of which an index finds: tokens, references, uris and ids. */
export const MAX_EXACT_VALUES = 10_000;
/** Characters in a value. */
export const MAX_LENGTH = 8_000;
const modifiers: Record<string, readonly string[]> = {
  token: ["not", "text", "of-type"],
  string: ["exact", "contains"],
  uri: ["above", "below"],
  reference: ["identifier"],
};

/** Modifiers of R4 that need a hierarchy or an expansion of codes: answered 501. */
const later: Record<string, readonly string[]> = {
  token: ["above", "below", "in", "not-in"],
  reference: ["above", "below"],
};

/**
 * @param name as in the request, for messages
 * @param modifier without colon; "" for none
 * @throws FhirError 400 for a modifier or value that the parameter does not take, 501 for a modifier that is not supported yet
 */
export function clausesOf(parameter: SearchParameter, modifier: string, value: string, name: string, context: Context): Clause[] {
  const { type, slots } = parameter;
  if (modifier === "missing" && type !== "composite") return [missing(parameter, value, name)];
  if (modifier) checkModifier(parameter, modifier, name);
  const isExact = modifier === "" && (type === "token" || type === "reference" || type === "uri");
  const values = valuesOf(value, name, isExact ? MAX_EXACT_VALUES : MAX_VALUES);
  const each = <T>(matchesOf: (text: string) => T[]): T[] => values.flatMap((text) => matchesOf(unescaped(text)));
  switch (type) {
    case "token":
      return [tokenClause(parameter, modifier, values, name)];
    case "string":
      if (parameter.code === "phonetic") {
        if (modifier) throw badModifier(parameter, modifier, name);
        return [phoneticClause(parameter, values, name)];
      }
      return [{ kind: "key", slots, any: values.flatMap((text) => stringMatches(text, modifier, name, parameter.hasParts === true)) }];
    case "uri":
      return uriClauses(parameter, modifier, values.map(unescaped), name);
    case "reference":
      return [referenceClause(parameter, modifier, values, name, context)];
    case "date":
      return rangeClauses(
        slots,
        each((text) => dateMatches(text, name, context)),
      );
    case "number":
      return rangeClauses(
        slots,
        each((text) => numberMatches(text, name)),
      );
    case "quantity":
      return rangeClauses(
        slots,
        values.flatMap((text) => quantityMatches(text, name)),
      );
    case "special":
      return nearClauses(parameter, values.map(unescaped), name);
    case "composite":
      return compositeClauses(parameter, values, name, context, (part, text) => clausesOf(part, "", text, name, context));
  }
}

function checkModifier(parameter: SearchParameter, modifier: string, name: string): void {
  const { type } = parameter;
  if (modifier === "below" && (parameter.isMime || parameter.isCanonical)) return;
  if (later[type]?.includes(modifier)) {
    throw fhirError(501, "not-supported", `":${modifier}" of "${parameter.code}" is not supported yet.`, name);
  }
  if (type === "reference" && isResourceType(modifier)) return void targetNamed(parameter, modifier, name);
  if ((modifier === "text" && !parameter.hasText) || (modifier === "of-type" && !parameter.hasTypes)) {
    throw badModifier(parameter, modifier, name);
  }
  // A canonical reference has no identifier.
  if (!modifiers[type]?.includes(modifier) || (modifier === "identifier" && parameter.isCanonical)) {
    throw badModifier(parameter, modifier, name);
  }
}

/** A type to which the reference may lead. @throws FhirError 400 for another one */
export function targetNamed(parameter: SearchParameter, type: string, name: string): string {
  const { code, targets } = parameter;
  if (!isResourceType(type)) throw fhirError(400, "invalid", `"${type}" in "${name}" is no resource type.`, name);
  if (targets && !targets.includes(type)) {
    throw fhirError(400, "invalid", `"${code}" does not refer to ${type}; it may refer to ${targets.join(", ")}.`, name);
  }
  return type;
}

function badModifier(parameter: SearchParameter, modifier: string, name: string) {
  const isTaken = (one: string) => (one !== "text" || parameter.hasText) && (one !== "of-type" || parameter.hasTypes);
  const known = [
    ...(parameter.code === "phonetic" ? [] : (modifiers[parameter.type] ?? [])).filter(isTaken),
    ...(parameter.type === "composite" ? [] : ["missing"]),
  ];
  const takes = known.length
    ? `it takes ${known.map((one) => `:${one}`).join(", ")}${parameter.type === "reference" ? " or a resource type" : ""}`
    : "it takes none";
  return fhirError(
    400,
    "invalid",
    `":${modifier}" is no modifier of "${parameter.code}", which is of type ${parameter.type}: ${takes}.`,
    name,
  );
}

/** Whether each backslash escapes something. */
function isWellEscaped(text: string): boolean {
  for (let at = text.indexOf("\\"); at >= 0; at = text.indexOf("\\", at + 2)) {
    if (at + 1 === text.length || !"\\,|$".includes(text[at + 1] as string)) return false;
  }
  return true;
}

/** The alternatives, with their escapes. @throws FhirError 400 for a stray backslash or too many values */
export function valuesOf(value: string, name: string, most = MAX_VALUES): string[] {
  if (!isWellEscaped(value)) {
    throw fhirError(400, "invalid", `"${name}" has a backslash that escapes nothing; itself it is written \\\\.`, name);
  }
  const values = splitAt(value, ",");
  if (values.length > most) throw fhirError(400, "too-costly", `"${name}" has ${values.length} values; ${most} are the most.`, name);
  const long = values.find((one) => one.length > MAX_LENGTH);
  if (long !== undefined) {
    throw fhirError(400, "too-long", `A value of "${name}" is ${long.length} characters long; ${MAX_LENGTH} are the most.`, name);
  }
  if (values.some((one) => one === "")) throw fhirError(400, "invalid", `"${name}" has an empty value in its list.`, name);
  return values;
}

function missing(parameter: SearchParameter, value: string, name: string): Clause {
  if (value !== "true" && value !== "false") throw fhirError(400, "invalid", `"${name}" is either true or false.`, name);
  const clause: Clause = { kind: "missing", slots: parameter.slots, missing: value === "true" };
  return parameter.only ? { ...clause, prefix: ["=", "#"].map((facet) => `${facet}${parameter.only}/`) } : clause;
}
