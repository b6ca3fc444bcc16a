/** Strings (R4, search.html#string) and names that sound alike. How they are stored, and how they are asked for. */
import { doubleMetaphone } from "double-metaphone";
import { fhirError } from "../../outcome.ts";
import { unescaped } from "../escapes.ts";
import { consonantsOf, scriptOf } from "../across-scripts.ts";
import { fold } from "../fold.ts";
import type { SearchParameter } from "../parameters.ts";
import type { Clause, KeyMatch } from "../query.ts";
import { each, isObject, isText, words, type RowWriter } from "./writer.ts";

/** A text, as it is and folded. */
export const string: RowWriter = (sink, value) => {
  if (!isText(value)) return;
  sink.key(`=${value}`);
  words(sink, value);
};

/** Parts of a family name that it is found by, and characters of it that are looked through for them: nobody has a longer one. */
const [MAX_PARTS, MAX_OF_NAME] = [16, 1_000];

/** A family name of several parts is also found by each of them (R4 3.1.1.4.8): `Carreño Quiñones` by `quinones`. */
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

/** How a name sounds, in the writing of double-metaphone: one or two codes for each word. What has none (other scripts) stands for itself. */
function soundsOf(word: string): string[] {
  const folded = fold(word);
  const codes = [...new Set(doubleMetaphone(folded))].filter((code) => code !== "");
  return codes.length > 0 ? codes : folded ? [folded] : [];
}

/** Consonants by which a word is found in another script: one alone says too little. */
const LEAST_CONSONANTS = 2;
/** Begins the rows of a word by its consonants, told apart by its own script: it is asked for in the other. */
const ACROSS = { arabic: "&arabic/", latin: "&latin/" } as const;

/** The row of a word for those who ask in the other script. */
function rowsAcross(word: string): string[] {
  const folded = fold(word);
  const [script, consonants] = [scriptOf(folded), consonantsOf(folded)];
  return script && consonants.length >= LEAST_CONSONANTS ? [ACROSS[script] + consonants] : [];
}

/** The rows that a word finds of the other script. */
function askedAcross(word: string): string[] {
  const [row] = rowsAcross(word);
  if (row === undefined) return [];
  return [row.startsWith(ACROSS.arabic) ? row.replace(ACROSS.arabic, ACROSS.latin) : row.replace(ACROSS.latin, ACROSS.arabic)];
}

/** Words of one name that are listened to, and of their letters. */
const [MAX_WORDS, MAX_LETTERS] = [16, 64];

/** The words of a name. */
const wordsOfName = (text: string): string[] =>
  (text.slice(0, MAX_OF_NAME).match(/[\p{L}\p{N}\p{M}'’]+/gu) ?? []).slice(0, MAX_WORDS).map((word) => word.slice(0, MAX_LETTERS));

/** Rows by which a name is found that sounds alike. */
export const phonetic: RowWriter = (sink, value) => {
  const parts = isObject(value) ? [value.text, value.family, value.given] : [value];
  for (const part of parts) {
    each(part, (text) => {
      if (!isText(text)) return;
      const words = wordsOfName(text);
      for (const word of words) for (const sound of soundsOf(word)) sink.key(`&${sound}`);
      // Abdelkader is two words in Arabic.
      for (const word of words.length > 1 ? [...words, words.join("")] : words) for (const row of rowsAcross(word)) sink.key(row);
    });
  }
};

/** Each of the members, which are texts or lists of them. */
function partsOf(...names: string[]): RowWriter {
  return (sink, value) => {
    if (!isObject(value)) return;
    for (const name of names) each(value[name], (part) => string(sink, part, ""));
  };
}

const givenNames = partsOf("text", "given", "prefix", "suffix");

/** Writers of the data types that hold several texts; any other is a text. */
export const strings: Record<string, RowWriter> = {
  FamilyName: familyName,
  HumanName: (sink, value, system) => {
    if (!isObject(value)) return;
    givenNames(sink, value, system);
    familyName(sink, value.family, system);
  },
  Address: partsOf("text", "line", "city", "district", "state", "country", "postalCode"),
};

/** Text as it is compared. @throws FhirError 400 when nothing is left of it */
export function folded(text: string, name: string): string {
  const found = fold(unescaped(text));
  if (!found) throw fhirError(400, "invalid", `"${name}" has no letter or digit to search for.`, name);
  return found;
}

/** @param hasParts the parameter looks at names, whose later parts are rows of their own */
export function stringMatches(text: string, modifier: string, name: string, hasParts: boolean): KeyMatch[] {
  if (modifier === "exact") return [{ eq: `=${unescaped(text)}` }];
  const wanted = folded(text, name);
  if (modifier === "contains") return [{ facet: "~", contains: wanted }];
  return hasParts ? [{ prefix: `~${wanted}` }, { prefix: `+${wanted}` }] : [{ prefix: `~${wanted}` }];
}

/** Names of which each word sounds like one of the words that are asked for. */
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
  // Words that stand alone are one question to the index.
  const single = of.flatMap((clauses) => (clauses.length === 1 ? clauses : []));
  const any = single.flatMap((clause) => (clause.kind === "key" ? clause.any : []));
  const alone: Clause[] = any.length > 0 ? [{ kind: "key", slots, any }] : [];
  const [clause] = alone;
  const several = of.filter((clauses) => clauses.length > 1);
  return clause && several.length === 0 ? clause : { kind: "any", of: [...alone.map((one) => [one]), ...several] };
}
