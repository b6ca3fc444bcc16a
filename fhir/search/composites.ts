/** Composite parameters, `code-value-quantity=8480-6$gt140` (R4 3.1.1.4.17). `extract.ts` describes their own rows. */
import { fhirError } from "../outcome.ts";
import type { SearchParameter } from "./parameters.ts";
import type { Clause, KeyMatch, RangeMatch } from "./query.ts";
import { SEP } from "./query.ts";
import type { Context } from "./types/context.ts";
import { numberMatches } from "./types/number.ts";
import { quantityMatches } from "./types/quantity.ts";
import { referenceMatches } from "./types/reference.ts";
import { tokenMatches } from "./types/token.ts";
import { splitAt, unescaped } from "./escapes.ts";
import { nonNull } from "../non-null.ts";

const SEP2 = SEP + SEP;

/** Alternatives of a composite; each is a search of its own. */
const MAX_GROUPS = 100;

type PartClauses = (part: SearchParameter, text: string) => Clause[];

/** @param clausesOf clauses of a part on the resource itself */
export function compositeClauses(
  parameter: SearchParameter,
  values: string[],
  name: string,
  context: Context,
  clausesOf: PartClauses,
): Clause[] {
  if (values.length > MAX_GROUPS) {
    throw fhirError(400, "too-costly", `"${name}" has ${values.length} values; ${MAX_GROUPS} are the most.`, name);
  }
  const groups = values.flatMap((value) => groupsOf(parameter, value, name, context, clausesOf));
  return groups.length === 1 ? nonNull(groups[0]) : [{ kind: "any", of: groups }];
}

/** Either the parts match on the resource itself, or one element below it matches them together. */
function groupsOf(parameter: SearchParameter, value: string, name: string, context: Context, clausesOf: PartClauses): Clause[][] {
  const parts = nonNull(parameter.parts);
  const texts = splitAt(value, "$");
  if (texts.length !== parts.length || texts.includes("")) {
    throw fhirError(
      400,
      "invalid",
      `"${name}" needs ${parts.map((part) => part.code).join("$")}. A dollar within a value is written \\$.`,
      name,
    );
  }
  const groups: Clause[][] = [];
  if (parts.every((part) => part.slots.length)) groups.push(parts.flatMap((part, index) => clausesOf(part, nonNull(texts[index]))));
  if (parameter.slots.length) groups.push([below(parameter, texts, name, context)]);
  return groups;
}

function below(parameter: SearchParameter, texts: string[], name: string, context: Context): Clause {
  const { slots } = parameter;
  const [firstPart, secondPart, thirdPart] = parameter.parts as [SearchParameter, SearchParameter, SearchParameter?];
  const firsts = firstsOf(firstPart, nonNull(texts[0]), name, context);
  if (secondPart.type === "token") {
    const seconds = secondToken(secondPart, nonNull(texts[1]), name);
    return { kind: "key", slots, any: firsts.flatMap((first) => seconds.map((second) => joined(first, second))) };
  }
  const [first = ""] = firsts;
  if (!thirdPart) {
    const any = quantityMatches(nonNull(texts[1]), name).map((match) => ({ ...match, unit: unitOf(first, match) }));
    return { kind: "range", slots, any };
  }
  const any = numberMatches(nonNull(texts[1]), name).flatMap((start) =>
    numberMatches(nonNull(texts[2]), name).map((end) => pair(start, end, first)),
  );
  return { kind: "range", slots, any };
}

/** The beginnings of rows: `code␟system` or `code`; the forms of a reference. */
function firstsOf(part: SearchParameter, text: string, name: string, context: Context): string[] {
  if (part.type === "reference") return referenceMatches(part, "", unescaped(text), name, context).map((match) => match.eq.slice(1));
  const [match] = tokenMatches("=", part, text, name);
  if (match && "eq" in match) return [match.eq.slice(1)];
  if (match && "prefix" in match) return [match.prefix.slice(1, -1)];
  throw systemAlone(name);
}

function secondToken(part: SearchParameter, text: string, name: string): KeyMatch[] {
  const matches = tokenMatches("=", part, text, name);
  if (matches.some((match) => "ends" in match)) throw systemAlone(name);
  return matches;
}

function systemAlone(name: string) {
  return fhirError(501, "not-supported", `"${name}" needs a code in each part; a system alone is not supported there.`, name);
}

function joined(first: string, second: KeyMatch): KeyMatch {
  if ("eq" in second) return { eq: `=${first}${SEP2}${second.eq.slice(1)}` };
  if ("prefix" in second) return { prefix: `=${first}${SEP2}${second.prefix.slice(1)}` };
  throw new Error("A part of a composite is either whole or a prefix.");
}

function unitOf(first: string, { unit }: RangeMatch): RangeMatch["unit"] {
  if (!unit) return { prefix: first + SEP2 };
  return "eq" in unit ? { eq: first + SEP2 + unit.eq } : { prefix: first + SEP2 + unit.prefix };
}

/** The second part is the row's low end, the third its high end. */
function pair(start: RangeMatch, end: RangeMatch, first: string): RangeMatch {
  const bounds = { ...bound("low", start), ...bound("high", end) };
  return { ...bounds, unit: { eq: first } };
}

/** Low and high end of a single number are equal, so that a bound on one is a bound on the other. */
function bound(side: "low" | "high", match: RangeMatch): RangeMatch {
  const found: Record<string, number> = {};
  for (const [key, value] of Object.entries(match)) if (typeof value === "number") found[key.replace(/^(low|high)/, side)] = value;
  return found;
}
