/** Tokens (R4, search.html#token): codes, identifiers, contact points, booleans: their index rows, and questions for them. */
import { fhirError } from "../../outcome.ts";
import { splitAt, unescaped } from "../escapes.ts";
import type { IndexRowBuilder } from "../index-row-builder.ts";
import type { SearchParameter } from "../parameters.ts";
import { type Clause, type KeyMatch, SEP } from "../query.ts";
import { folded } from "./string.ts";
import { each, isObject, isText, words, type RowWriter } from "./writer.ts";

function token(sink: IndexRowBuilder, code: unknown, system: unknown): void {
  const hasCode = isText(code);
  const hasSystem = isText(system);
  if (hasCode || hasSystem) sink.key(`=${hasCode ? code : ""}${SEP}${hasSystem ? system : ""}`);
}

const coding: RowWriter = (sink, value) => {
  if (!isObject(value)) return;
  token(sink, value.code, value.system);
  words(sink, value.display);
};

const codeableConcept: RowWriter = (sink, value) => {
  if (!isObject(value)) return;
  each(value.coding, (item) => coding(sink, item, ""));
  words(sink, value.text);
};

const identifier: RowWriter = (sink, value) => {
  if (!isObject(value)) return;
  token(sink, value.value, value.system);
  if (!isObject(value.type)) return;
  words(sink, value.type.text);
  each(value.type.coding, (kind) => {
    if (isObject(kind) && isText(kind.code) && isText(value.value)) {
      sink.key(`%${value.value}${SEP}${isText(kind.system) ? kind.system : ""}${SEP}${kind.code}`);
    }
  });
};

/** A code, with the system that its binding implies. */
export const code: RowWriter = (sink, value, system) => {
  if (isText(value)) sink.key(`=${value}${SEP}${system}`);
};

/** R4 gives contact points no system and leaves it to the server (3.1.1.4.10); as in most servers, it is the kind: `phone|555`. */
const contactPoint: RowWriter = (sink, value) => {
  if (!isObject(value) || !isText(value.value)) return;
  token(sink, value.value, "");
  if (isText(value.system)) token(sink, value.value, value.system);
};

/** Writers of the data types in which tokens are searched; any other is a code. */
export const tokens: Record<string, RowWriter> = {
  CodeableConcept: codeableConcept,
  Coding: coding,
  Identifier: identifier,
  ContactPoint: contactPoint,
  // A string that is searched as a token ignores case (R4 3.1.1.4.10).
  string: (sink, value) => isText(value) && token(sink, value.toLowerCase(), ""),
  boolean: (sink, value) => typeof value === "boolean" && sink.key(`=${value}${SEP}`),
};

/** `code`, `system|code`, `|code`, `system|` */
export function tokenMatches(facet: "=" | "@", parameter: SearchParameter, value: string, name: string): KeyMatch[] {
  const [first = "", second, ...more] = splitAt(value, "|").map(unescaped);
  if (more.length || (second === "" && first === "")) {
    throw fhirError(400, "invalid", `"${name}" needs code, system|code, |code or system|. A bar within a value is written \\|.`, name);
  }
  if (second === undefined) {
    const forms = parameter.ignoresCase ? [...new Set([first, first.toLowerCase()])] : [first];
    return forms.map((code) => ({ prefix: `${facet}${code}${SEP}` }));
  }
  if (parameter.isPlain) {
    throw fhirError(400, "invalid", `"${name}" has no system: give the value alone. A bar within it is written \\|.`, name);
  }
  if (second === "") return [{ facet, ends: `${SEP}${first}` }];
  const matches: KeyMatch[] = [{ eq: `${facet}${second}${SEP}${first}` }];
  if (first && parameter.isImplied) matches.push({ eq: `${facet}${second}${SEP}` });
  return matches;
}

/** `:of-type`: `system|code|value`. @throws FhirError 400 */
function ofTypeMatch(value: string, name: string): KeyMatch {
  const parts = splitAt(value, "|").map(unescaped);
  if (parts.length !== 3 || parts.includes("")) {
    throw fhirError(400, "invalid", `"${name}" needs the identifier's type and value: system|code|value.`, name);
  }
  return { eq: `%${parts[2]}${SEP}${parts[0]}${SEP}${parts[1]}` };
}

/** `text/xml` also finds `text/xml; charset=UTF-8` (R4 3.1.1.4.10.1). */
function mimeMatches(type: string): KeyMatch[] {
  return [{ prefix: `=${type}${SEP}` }, { prefix: `=${type};` }, { prefix: `=${type} ;` }];
}

/** The values as one clause. @throws FhirError 400 */
export function tokenClause(parameter: SearchParameter, modifier: string, values: string[], name: string): Clause {
  const { slots } = parameter;
  if (modifier === "text") return { kind: "key", slots, any: values.map((text) => ({ facet: "~", contains: folded(text, name) })) };
  if (modifier === "of-type") return { kind: "key", slots, any: values.map((text) => ofTypeMatch(text, name)) };
  if (modifier === "below") return { kind: "key", slots, any: values.flatMap((text) => mimeMatches(unescaped(text))) };
  const any = values.flatMap((text) => tokenMatches("=", parameter, text, name));
  return modifier === "not" ? { kind: "key", slots, any, not: true } : { kind: "key", slots, any };
}
