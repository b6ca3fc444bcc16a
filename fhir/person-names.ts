/** Whether free text (`Dr. G. House`) is the name of a given person. */
import { fold } from "./search/fold.ts";
import type { Resource } from "./resource.ts";
import { DEGREES, kindOfWord, type WordKind } from "./words-beside-names.ts";

/** Words of a text that are compared; no name has more. */
const MAX_WORDS = 12;
/** Words of one family name at most. */
const MAX_FAMILY = 3;

/** A word, folded as names are searched for. */
interface Word {
  text: string;
  kind: WordKind | undefined;
  /** A title in front of a name, or a degree: it is no part of the name, although some people are called so. */
  isBeside: boolean;
}

/** The words of a text that names a person. */
function wordsOf(said: string): Word[] {
  const found = [...said.slice(0, 500).matchAll(/([\p{L}\p{M}\p{N}]+)([^\p{L}\p{M}\p{N}]*)/gu)].slice(0, MAX_WORDS);
  let isLeading = true;
  let before: string | undefined;
  return found.flatMap(([, written = "", after = ""], index): Word[] => {
    const text = fold(written);
    if (text === "") return [];
    const kind = kindOfWord(text, before);
    before = text;
    // `Doctor, Jane`: the family name comes first, followed by a comma.
    isLeading &&= kind !== undefined && index < found.length - 1 && !after.includes(",");
    return [{ text, kind, isBeside: isLeading || DEGREES.has(text) }];
  });
}

/** The words of a name without titles, folded. */
export const nameWords = (text: string): string[] => wordsOf(text).flatMap((word) => (word.isBeside ? [] : [word.text]));

/** The possible family names in the words: each word, and each run of neighbours, also joined into one word, as search sees `O'Brien`. */
export function familyNamesIn(words: readonly string[]): string[] {
  const runs = words.flatMap((_, from) => Array.from({ length: MAX_FAMILY }, (_, more) => words.slice(from, from + more + 1)));
  return [...new Set(runs.flatMap((run) => [run.join(" "), run.join("")]))];
}

/** A name of a Practitioner or a Patient (R4 HumanName). */
interface HumanName {
  family?: unknown;
  given?: unknown;
  text?: unknown;
}

/** `whole`: family name and a given name or its initial; `family`: only the family name, with nothing else but a title of the staff. */
export type NameMatch = "whole" | "family" | undefined;

/** How far a text is the name of this member of the staff. A relative of the patient is not, even with the same name. */
export function matchOfName(said: string, { name }: Resource): NameMatch {
  const words = wordsOf(said);
  const names = (Array.isArray(name) ? name : []).filter((one): one is HumanName => typeof one === "object" && one !== null);
  const matches = names.map((one) => matchOf(words, one));
  return matches.includes("whole") ? "whole" : matches.find((match) => match !== undefined);
}

function matchOf(words: readonly Word[], { family, given, text }: HumanName): NameMatch {
  const names = words.flatMap((word) => (word.isBeside ? [] : [word.text]));
  if (typeof family !== "string") {
    const all = typeof text === "string" ? nameWords(text) : [];
    const isWhole = all.length > 1 && all.every((word) => names.includes(word));
    return isWhole && !isRelative(words, all) ? "whole" : undefined;
  }
  const parts = partsIn(names, family);
  if (parts.length === 0) return undefined;
  const first = (Array.isArray(given) ? given : []).flatMap((one) => (typeof one === "string" ? [...nameWords(one), fold(one)] : []));
  const givenIn = names.filter(
    (word) => !parts.includes(word) && first.some((one) => one === word || (word.length === 1 && one.startsWith(word))),
  );
  if (isRelative(words, [...parts, ...givenIn])) return undefined;
  if (givenIn.length > 0) return "whole";
  const beside = words.filter(({ text: word, isBeside }) => isBeside || !parts.includes(word));
  return claimsToBeStaff(beside) && !isBareWord(words) ? "family" : undefined;
}

/** Whether the words describe a relative of the patient, and nothing marks the person as staff. */
function isRelative(words: readonly Word[], name: readonly string[]): boolean {
  const beside = words.filter(({ text, isBeside }) => isBeside || !name.includes(text));
  // `Sister` in front of a name is a nurse; after it, the patient's sister.
  const kinds = beside.map(({ text, kind, isBeside }) => (text === "sister" && !isBeside ? "relation" : kind));
  return kinds.includes("relation") && !kinds.includes("staff");
}

/** A family name alone, or with a title of the staff: `Mrs Smith` may be anybody. */
const claimsToBeStaff = (beside: readonly Word[]): boolean =>
  beside.every(({ kind }) => kind === "staff" || kind === "filler" || kind === "address") &&
  (beside.some(({ kind }) => kind === "staff") || beside.every(({ kind }) => kind === "filler"));

/** Whether the text is only a word for a role: `Pastor` alone does not name a Practitioner called Pastor. */
const isBareWord = (words: readonly Word[]): boolean =>
  words.every(({ kind }) => kind !== undefined) && words.filter(({ kind }) => kind !== "filler").length === 1;

/** The words that are the family name, with or without its hyphens and apostrophes; empty if it does not occur. */
function partsIn(words: readonly string[], family: string): string[] {
  const parts = splitName(family);
  if (parts.length > 0 && parts.every((part) => words.includes(part))) return parts;
  const whole = parts.join("");
  return whole !== "" && words.includes(whole) ? [whole] : [];
}

/** All words of a family name, including those that are titles. */
const splitName = (family: string): string[] => wordsOf(family).map(({ text }) => text);

/** Whether the words are all part of the name, or contain all of the name. */
export function isSameName(words: readonly string[], own: readonly string[]): boolean {
  if (words.length === 0 || own.length === 0) return words.length === 0;
  const isPart = words.every((word) => own.some((one) => one === word || (word.length === 1 && one.startsWith(word))));
  return isPart || own.every((one) => words.includes(one));
}
