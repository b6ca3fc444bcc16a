/** Strings (R4, search.html#string) and names by their sound: their index rows, and questions for them. */
import { doubleMetaphone } from "double-metaphone";
import { fhirError } from "../../outcome.ts";
import { unescaped } from "../escapes.ts";
import { consonantsOf, scriptOf } from "../across-scripts.ts";
import { fold } from "../fold.ts";
import type { SearchParameter } from "../parameters.ts";
import type { Clause, KeyMatch } from "../query.ts";
import { each, isObject, isText, words, type RowWriter } from "./writer.ts";

/** A text as written, and folded. */
export const string: RowWriter = (sink, value) => {
  if (!isText(value)) return;
  sink.key(`=${value}`);
  words(sink, value);
};

/** Parts of a family name that are indexed, and characters in which they are looked for: no real name is longer. */
const [MAX_PARTS, MAX_OF_NAME] = [16, 1_000];

/** A family name of several parts is found by each of them (R4 3.1.1.4.8): `Carreño Quiñones` by `quinones`. */
const familyName: RowWriter = (sink, value) => {
  if (!isText(value)) return;
  string(sink, value, "");
  const name = value.slice(0, MAX_OF_NAME);
  let parts = 0;
  for (const part of name.matchAll(/[\s\p{Pd}]+/gu)) {
    parts += 1;
    if (parts > MAX_PARTS) return;
    words(sink, name.slice(part.index + part[0].length), "+");
  }
};

/** The sounds of a word as double-metaphone codes, one or two. A word without a code (other scripts) is its own sound. */
function soundsOf(word: string): string[] {
  const folded = fold(word);
  const codes = [...new Set(doubleMetaphone(folded))].filter((code) => code !== "");
  return codes.length > 0 ? codes : folded ? [folded] : [];
}

/** Consonants that a word needs to be found in the other script: one alone says too little. */
const LEAST_CONSONANTS = 2;
/** Prefixes of the rows of a word's consonants, by its own script: a question uses that of the other script. */
const ACROSS = { arabic: "&arabic/", latin: "&latin/" } as const;

/** The row by which a word is found from the other script. */
function rowsAcross(word: string): string[] {
  const folded = fold(word);
  const [script, consonants] = [scriptOf(folded), consonantsOf(folded)];
  return script && consonants.length >= LEAST_CONSONANTS ? [ACROSS[script] + consonants] : [];
}

/** The rows of the other script that a word asks for. */
function askedAcross(word: string): string[] {
  const [row] = rowsAcross(word);
  if (row === undefined) return [];
  return [row.startsWith(ACROSS.arabic) ? row.replace(ACROSS.arabic, ACROSS.latin) : row.replace(ACROSS.latin, ACROSS.arabic)];
}

/** Words of a name, and letters of a word, that are encoded. */
const [MAX_WORDS, MAX_LETTERS] = [16, 64];

/** The words of a name. */
const wordsOfName = (text: string): string[] =>
  (text.slice(0, MAX_OF_NAME).match(/[\p{L}\p{N}\p{M}'’]+/gu) ?? []).slice(0, MAX_WORDS).map((word) => word.slice(0, MAX_LETTERS));

/** Rows by which a name is found by its sound. */
export const phonetic: RowWriter = (sink, value) => {
  const parts = isObject(value) ? [value.text, value.family, value.given] : [value];
  for (const part of parts) {
    each(part, (text) => {
      if (!isText(text)) return;
      const words = wordsOfName(text);
      for (const word of words) for (const sound of soundsOf(word)) sink.key(`&${sound}`);
      // In Arabic, Abdelkader is two words.
      for (const word of words.length > 1 ? [...words, words.join("")] : words) for (const row of rowsAcross(word)) sink.key(row);
    });
  }
};

/** Writes each of the members, which are texts or lists of texts. */
function partsOf(...names: string[]): RowWriter {
  return (sink, value) => {
    if (!isObject(value)) return;
    for (const name of names) each(value[name], (part) => string(sink, part, ""));
  };
}

const givenNames = partsOf("text", "given", "prefix", "suffix");

/** Writers of the data types that contain several texts; any other is one text. */
export const strings: Record<string, RowWriter> = {
  FamilyName: familyName,
  HumanName: (sink, value, system) => {
    if (!isObject(value)) return;
    givenNames(sink, value, system);
    familyName(sink, value.family, system);
  },
  Address: partsOf("text", "line", "city", "district", "state", "country", "postalCode"),
};

/** The folded text. @throws FhirError 400 if nothing is left of it */
export function folded(text: string, name: string): string {
  const found = fold(unescaped(text));
  if (!found) throw fhirError(400, "invalid", `"${name}" has no letter or digit to search for.`, name);
  return found;
}

/** @param hasParts the parameter searches names, whose later parts have rows of their own */
export function stringMatches(text: string, modifier: string, name: string, hasParts: boolean): KeyMatch[] {
  if (modifier === "exact") return [{ eq: `=${unescaped(text)}` }];
  const wanted = folded(text, name);
  if (modifier === "contains") return [{ facet: "~", contains: wanted }];
  return hasParts ? [{ prefix: `~${wanted}` }, { prefix: `+${wanted}` }] : [{ prefix: `~${wanted}` }];
}

/** Names each word of which sounds like one of the words in the question. */
export function phoneticClause(parameter: SearchParameter, values: string[], name: string): Clause {
  const { slots } = parameter;
  const of = values.map((value): Clause[] => {
    const words = wordsOfName(unescaped(value));
    if (words.length === 0) throw fhirError(400, "invalid", `"${name}" has no word to listen to.`, name);
    return words.map((word) => ({
      kind: "key",
      slots,
      any: [...soundsOf(word).map((sound) => `&${sound}`), ...askedAcross(word)].map((eq) => ({ eq })),
    }));
  });
  // Words that are a whole name are one question to the index.
  const single = of.flatMap((clauses) => (clauses.length === 1 ? clauses : []));
  const any = single.flatMap((clause) => (clause.kind === "key" ? clause.any : []));
  const alone: Clause[] = any.length > 0 ? [{ kind: "key", slots, any }] : [];
  const [clause] = alone;
  const several = of.filter((clauses) => clauses.length > 1);
  return clause && several.length === 0 ? clause : { kind: "any", of: [...alone.map((one) => [one]), ...several] };
}
