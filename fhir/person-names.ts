/** Whether words, as somebody writes them down (`Dr. G. House`), are a person's name. */
import { fold } from "./search/fold.ts";
import type { Resource } from "./resource.ts";
import { DEGREES, kindOfWord, type WordKind } from "./words-beside-names.ts";

/** Words that are looked at; no name has more. */
const MAX_WORDS = 12;
/** Words of one family name. */
const MAX_FAMILY = 3;

/** A word, folded as names are searched for. */
interface Word {
  text: string;
  kind: WordKind | undefined;
  /** It stands before a name, or is a degree: it is no part of one, though somebody may be called so. */
  isBeside: boolean;
}

/** The words that somebody has written for a person. */
function wordsOf(said: string): Word[] {
  const found = [...said.slice(0, 500).matchAll(/([\p{L}\p{M}\p{N}]+)([^\p{L}\p{M}\p{N}]*)/gu)].slice(0, MAX_WORDS);
  let isLeading = true;
  let before: string | undefined;
  return found.flatMap(([, written = "", after = ""], index): Word[] => {
    const text = fold(written);
    if (text === "") return [];
    const kind = kindOfWord(text, before);
    before = text;
    // `Doctor, Jane`: the family name comes first, with its comma.
    isLeading &&= kind !== undefined && index < found.length - 1 && !after.includes(",");
    return [{ text, kind, isBeside: isLeading || DEGREES.has(text) }];
  });
}

/** The words of a name without what stands before it, folded. */
export const nameWords = (text: string): string[] => wordsOf(text).flatMap((word) => (word.isBeside ? [] : [word.text]));

/** What the words may have for a family name: each alone, and those that follow each other; also as one word, which `O'Brien` is to a search. */
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

/** `whole`: family and a given name, or its first letter; `family`: the family name and nothing else, but what makes it one of the staff. */
export type NameMatch = "whole" | "family" | undefined;

/** How far the words are the name of this person, as of one who works here: a mother is not, though she be called so. */
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

/** Whether words say that who is named so is somebody of the patient's, and nothing that makes them one of the staff. */
function isRelative(words: readonly Word[], name: readonly string[]): boolean {
  const beside = words.filter(({ text, isBeside }) => isBeside || !name.includes(text));
  // A sister who stands before a name is a nurse; behind it she is the patient's.
  const kinds = beside.map(({ text, kind, isBeside }) => (text === "sister" && !isBeside ? "relation" : kind));
  return kinds.includes("relation") && !kinds.includes("staff");
}

/** A family name alone, or with a title of the staff: `Mrs Smith` is anybody. */
const claimsToBeStaff = (beside: readonly Word[]): boolean =>
  beside.every(({ kind }) => kind === "staff" || kind === "filler" || kind === "address") &&
  (beside.some(({ kind }) => kind === "staff") || beside.every(({ kind }) => kind === "filler"));

/** One word that says what somebody is: `Pastor` alone is no Practitioner Pastor. */
const isBareWord = (words: readonly Word[]): boolean =>
  words.every(({ kind }) => kind !== undefined) && words.filter(({ kind }) => kind !== "filler").length === 1;

/** The words that are the family name, with its hyphens and apostrophes, or without; none: it is not there. */
function partsIn(words: readonly string[], family: string): string[] {
  const parts = splitName(family);
  if (parts.length > 0 && parts.every((part) => words.includes(part))) return parts;
  const whole = parts.join("");
  return whole !== "" && words.includes(whole) ? [whole] : [];
}

/** All words of a family name: of one that is a title as well. */
const splitName = (family: string): string[] => wordsOf(family).map(({ text }) => text);

/** Whether the words say nothing but (a part of) the name, or all of it and more. */
export function isSameName(words: readonly string[], own: readonly string[]): boolean {
  if (words.length === 0 || own.length === 0) return words.length === 0;
  const isPart = words.every((word) => own.some((one) => one === word || (word.length === 1 && one.startsWith(word))));
  return isPart || own.every((one) => words.includes(one));
}
