/** One criterion, `code:modifier=value,value`, as clauses for a store (R4 3.1.1.4). */
import { fhirError } from "../outcome.ts";
import { compositeClauses } from "./composites.ts";
import type { Context } from "./matches.ts";
import { folded, ofTypeMatch, quantityMatches, referenceMatches, stringMatch, tokenMatches, uriMatches } from "./matches.ts";
import { nearClauses } from "./near.ts";
import type { SearchParameter } from "./parameters.ts";
import { isResourceType } from "./parameters.ts";
import type { Clause, KeyMatch } from "./query.ts";
import { dateMatches, numberMatches, rangeClauses } from "./ranges.ts";
import { splitAt, unescaped } from "./text.ts";

/** Values in one list. */
export const MAX_VALUES = 1_000;
/** What a store is asked to compare with in one clause; a bare id stands for one reference per type. */
const MAX_MATCHES = 10_000;

/** Holds for no resource. */
export const NOTHING: Clause = { kind: "id", any: [] };

const modifiers: Record<string, readonly string[]> = {
  token: ["not", "text", "of-type"],
  string: ["exact", "contains"],
  uri: ["above", "below"],
  reference: ["identifier"],
};

/** Modifiers of R4 that need a hierarchy or an expansion of codes. */
const later: Record<string, readonly string[]> = {
  token: ["above", "below", "in", "not-in"],
  reference: ["above", "below"],
};

/**
 * @param name as in the request, for messages
 * @param modifier without colon; "" for none
 * @throws FhirError 400 for a modifier or a value that the parameter does not take, 501 for a modifier not there yet
 */
export function clausesOf(parameter: SearchParameter, modifier: string, value: string, name: string, context: Context): Clause[] {
  if (modifier === "missing" && parameter.type !== "composite") return [missing(parameter, value, name)];
  if (later[parameter.type]?.includes(modifier))
    throw fhirError(501, "not-supported", `":${modifier}" of "${parameter.code}" is not supported yet.`, name);
  const isTyped = parameter.type === "reference" && isResourceType(modifier);
  if (modifier && !isTyped && !modifiers[parameter.type]?.includes(modifier)) throw badModifier(parameter, modifier, name);
  const values = valuesOf(value, name);
  switch (parameter.type) {
    case "token":
      return [tokenClause(parameter, modifier, values, name)];
    case "string":
      return [
        keyClause(
          parameter,
          values.map((text) => stringMatch(text, modifier, name)),
        ),
      ];
    case "uri":
      return [
        keyClause(
          parameter,
          values.flatMap((text) => uriMatches(unescaped(text), modifier, name)),
        ),
      ];
    case "reference":
      return [referenceClause(parameter, modifier, values, name, context)];
    case "date":
      return rangeClauses(
        parameter.slots,
        values.flatMap((text) => dateMatches(unescaped(text), name, context.now)),
      );
    case "number":
      return rangeClauses(
        parameter.slots,
        values.flatMap((text) => numberMatches(unescaped(text), name)),
      );
    case "quantity":
      return rangeClauses(
        parameter.slots,
        values.flatMap((text) => quantityMatches(text, name)),
      );
    case "special":
      return nearClauses(parameter, values.map(unescaped), name);
    case "composite":
      return compositeClauses(parameter, values, name, context, (part, text) => clausesOf(part, "", text, name, context));
  }
}

function badModifier(parameter: SearchParameter, modifier: string, name: string) {
  const known = [...(modifiers[parameter.type] ?? []), ...(parameter.type === "composite" ? [] : ["missing"])];
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

/** The alternatives, still with their escapes. */
export function valuesOf(value: string, name: string): string[] {
  const values = splitAt(value, ",");
  if (values.length > MAX_VALUES)
    throw fhirError(400, "too-costly", `"${name}" has ${values.length} values; ${MAX_VALUES} are the most.`, name);
  if (values.some((one) => one === "")) throw fhirError(400, "invalid", `"${name}" has an empty value in its list.`, name);
  return values;
}

function missing(parameter: SearchParameter, value: string, name: string): Clause {
  if (value !== "true" && value !== "false") throw fhirError(400, "invalid", `"${name}" is either true or false.`, name);
  const clause: Clause = { kind: "missing", slots: parameter.slots, missing: value === "true" };
  return parameter.only ? { ...clause, prefix: [`=${parameter.only}/`] } : clause;
}

function keyClause(parameter: SearchParameter, any: KeyMatch[]): Clause & { kind: "key" } {
  return { kind: "key", slots: parameter.slots, any };
}

function tokenClause(parameter: SearchParameter, modifier: string, values: string[], name: string): Clause {
  if (modifier === "text")
    return keyClause(
      parameter,
      values.map((text) => ({ facet: "~", contains: folded(text, name) })),
    );
  if (modifier === "of-type")
    return keyClause(
      parameter,
      values.map((text) => ofTypeMatch(text, name)),
    );
  const clause = keyClause(
    parameter,
    values.flatMap((text) => tokenMatches("=", parameter, text, name)),
  );
  return modifier === "not" ? { ...clause, not: true } : clause;
}

function referenceClause(parameter: SearchParameter, modifier: string, values: string[], name: string, context: Context): Clause {
  if (modifier === "identifier")
    return keyClause(
      parameter,
      values.flatMap((text) => tokenMatches("@", parameter, text, name)),
    );
  const any = values.flatMap((text) => referenceMatches(parameter, modifier, unescaped(text), name, context));
  if (any.length > MAX_MATCHES)
    throw fhirError(400, "too-costly", `"${name}" has too many ids without a type: write them as Type/id.`, name);
  return any.length ? keyClause(parameter, any) : NOTHING;
}
