/** One criterion, `code:modifier=value,value`, as clauses for a store (R4 3.1.1.4). */
import { fhirError } from "../outcome.ts";
import { compositeClauses } from "./composites.ts";
import type { Context } from "./value-matches.ts";
import {
  canonicalBelow,
  folded,
  mimeMatches,
  ofTypeMatch,
  quantityMatches,
  referenceMatches,
  stringMatches,
  tokenMatches,
  uriMatches,
} from "./value-matches.ts";
import { nearClauses } from "./near.ts";
import type { SearchParameter } from "./parameters.ts";
import { isResourceType, parametersOf, resourceTypes, typeOfSlot } from "./parameters.ts";
import type { BareId, Clause } from "./query.ts";
import { SEP } from "./query.ts";
import { dateMatches, numberMatches, rangeClauses } from "./ranges.ts";
import { soundsOf, wordsOfName } from "./rows.ts";
import { isId } from "../ids.ts";
import { splitAt, unescaped } from "./escapes.ts";

/** Values in one list. */
export const MAX_VALUES = 1_000;
/** The same where an index finds each: of tokens, references, uris and ids. */
export const MAX_EXACT_VALUES = 10_000;
/** Characters of one value. */
export const MAX_LENGTH = 8_000;
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
      if (parameter.code === "phonetic") return [phoneticClause(parameter, modifier, values, name)];
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
  if (later[type]?.includes(modifier))
    throw fhirError(501, "not-supported", `":${modifier}" of "${parameter.code}" is not supported yet.`, name);
  if (type === "reference" && isResourceType(modifier)) return;
  if ((modifier === "text" && !parameter.hasText) || (modifier === "of-type" && !parameter.hasTypes))
    throw badModifier(parameter, modifier, name);
  // A canonical address has no identifier beside itself.
  if (!modifiers[type]?.includes(modifier) || (modifier === "identifier" && parameter.isCanonical))
    throw badModifier(parameter, modifier, name);
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
  for (let at = text.indexOf("\\"); at >= 0; at = text.indexOf("\\", at + 2))
    if (at + 1 === text.length || !"\\,|$".includes(text[at + 1] as string)) return false;
  return true;
}

/** The alternatives, still with their escapes. */
export function valuesOf(value: string, name: string, most = MAX_VALUES): string[] {
  if (!isWellEscaped(value)) {
    throw fhirError(400, "invalid", `"${name}" has a backslash that escapes nothing; itself it is written \\\\.`, name);
  }
  const values = splitAt(value, ",");
  if (values.length > most) throw fhirError(400, "too-costly", `"${name}" has ${values.length} values; ${most} are the most.`, name);
  const long = values.find((one) => one.length > MAX_LENGTH);
  if (long !== undefined)
    throw fhirError(400, "too-long", `A value of "${name}" is ${long.length} characters long; ${MAX_LENGTH} are the most.`, name);
  if (values.some((one) => one === "")) throw fhirError(400, "invalid", `"${name}" has an empty value in its list.`, name);
  return values;
}

function missing(parameter: SearchParameter, value: string, name: string): Clause {
  if (value !== "true" && value !== "false") throw fhirError(400, "invalid", `"${name}" is either true or false.`, name);
  const clause: Clause = { kind: "missing", slots: parameter.slots, missing: value === "true" };
  return parameter.only ? { ...clause, prefix: ["=", "#"].map((facet) => `${facet}${parameter.only}/`) } : clause;
}

function tokenClause(parameter: SearchParameter, modifier: string, values: string[], name: string): Clause {
  const { slots } = parameter;
  if (modifier === "text") return { kind: "key", slots, any: values.map((text) => ({ facet: "~", contains: folded(text, name) })) };
  if (modifier === "of-type") return { kind: "key", slots, any: values.map((text) => ofTypeMatch(text, name)) };
  if (modifier === "below") return { kind: "key", slots, any: values.flatMap((text) => mimeMatches(unescaped(text))) };
  const any = values.flatMap((text) => tokenMatches("=", parameter, text, name));
  return modifier === "not" ? { kind: "key", slots, any, not: true } : { kind: "key", slots, any };
}

/** Names of which each word sounds like one of the words that are asked for. */
function phoneticClause(parameter: SearchParameter, modifier: string, values: string[], name: string): Clause {
  if (modifier) throw badModifier(parameter, modifier, name);
  const { slots } = parameter;
  const of = values.map((value): Clause[] => {
    const words = wordsOfName(unescaped(value));
    if (words.length === 0) throw fhirError(400, "invalid", `"${name}" has no word to listen to.`, name);
    return words.map((word) => ({ kind: "key", slots, any: soundsOf(word).map((sound) => ({ eq: `&${sound}` })) }));
  });
  return of.length === 1 && of[0]!.length === 1 ? of[0]![0]! : { kind: "any", of };
}

/** An address of a conformance resource may come with its business version: `url=http://a|1.0`. */
function uriClauses({ code, slots }: SearchParameter, modifier: string, values: string[], name: string): Clause[] {
  const versions = code === "url" && modifier === "" ? parametersOf(typeOfSlot(slots[0]!)!).get("version")?.slots : undefined;
  if (!versions || !values.some((value) => value.includes("|")))
    return [{ kind: "key", slots, any: values.flatMap((value) => uriMatches(value, modifier, name)) }];
  const of = values.map((value): Clause[] => {
    const [url = "", version] = value.split("|");
    const address: Clause = { kind: "key", slots, any: [{ eq: `=${url}` }] };
    return version ? [address, { kind: "key", slots: versions, any: [{ eq: `=${version.toLowerCase()}${SEP}` }] }] : [address];
  });
  return of.length === 1 ? of[0]! : [{ kind: "any", of }];
}

function referenceClause(parameter: SearchParameter, modifier: string, values: string[], name: string, context: Context): Clause {
  const { slots } = parameter;
  if (modifier === "identifier") return { kind: "key", slots, any: values.flatMap((text) => tokenMatches("@", parameter, text, name)) };
  if (modifier === "below") return { kind: "key", slots, any: values.flatMap((text) => canonicalBelow(unescaped(text))) };
  const any = values.flatMap((text) => referenceMatches(parameter, modifier, unescaped(text), name, context));
  if (any.length > MAX_MATCHES)
    throw fhirError(400, "too-costly", `"${name}" has too many ids without a type: write them as Type/id.`, name);
  if (any.length === 0) return NOTHING;
  const bare = values.flatMap((text) => bareIdOf(parameter, modifier, unescaped(text), name, context) ?? []);
  return bare.length > 0 ? { kind: "key", slots, any, bare } : { kind: "key", slots, any };
}

/** An id alone, where it may be that of several types. */
function bareIdOf(parameter: SearchParameter, modifier: string, id: string, name: string, context: Context): BareId | undefined {
  if (modifier || parameter.only || parameter.isCanonical || parameter.targets?.length === 1 || !isId(id)) return undefined;
  const types = parameter.targets ?? resourceTypes;
  const valuesFor = (type: string) => referenceMatches(parameter, type, `${type}/${id}`, name, context).map(({ eq }) => eq);
  return { name, id, byType: Object.fromEntries(types.map((type) => [type, valuesFor(type)])) };
}
