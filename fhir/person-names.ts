/** Whether words, as somebody writes them down (`Dr. G. House`), are a person's name. */
import { fold } from "./search/fold.ts";
import type { Resource } from "./resource.ts";

/** Words that are looked at; no name has more. */
const MAX_WORDS = 12;
/** Words of one family name. */
const MAX_FAMILY = 3;

/** What stands beside a name and is none: English, French, Arabic. */
const TITLES = new Set(
  [
    "dr doctor prof professor mr mrs ms miss md phd rn np nurse physician midwife pharmacist sister by signed",
    "docteur docteure pr professeur professeure m mme mlle monsieur madame infirmier infirmiere sage femme medecin pharmacien pharmacienne par signe",
    "د دكتور دكتورة الدكتور الدكتورة أستاذ الأستاذ الأستاذة السيد السيدة ممرض ممرضة طبيب طبيبة قابلة",
  ].flatMap((words) => words.split(" ").map(fold)),
);

/** The words of a name without titles, folded as names are searched for. */
export const nameWords = (text: string): string[] =>
  text
    .slice(0, 500)
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .map(fold)
    .filter((word) => word !== "" && !TITLES.has(word))
    .slice(0, MAX_WORDS);

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

/** `whole`: family and a given name, or its first letter; `family`: the family name and nothing else. */
export type NameMatch = "whole" | "family" | undefined;

/** How far the words are the name of this person. */
export function matchOfName(words: readonly string[], { name }: Resource): NameMatch {
  const names = (Array.isArray(name) ? name : []).filter((one): one is HumanName => typeof one === "object" && one !== null);
  const matches = names.map((one) => matchOf(words, one));
  return matches.includes("whole") ? "whole" : matches.find((match) => match !== undefined);
}

function matchOf(words: readonly string[], { family, given, text }: HumanName): NameMatch {
  if (typeof family !== "string") {
    const all = typeof text === "string" ? nameWords(text) : [];
    return all.length > 1 && all.every((word) => words.includes(word)) ? "whole" : undefined;
  }
  const parts = partsIn(words, family);
  if (parts.length === 0) return undefined;
  const first = (Array.isArray(given) ? given : []).flatMap((one) => (typeof one === "string" ? [...nameWords(one), fold(one)] : []));
  const rest = words.filter((word) => !parts.includes(word));
  if (rest.length === 0) return "family";
  return rest.some((word) => first.some((one) => one === word || (word.length === 1 && one.startsWith(word)))) ? "whole" : undefined;
}

/** The words that are the family name, with its hyphens and apostrophes, or without; none: it is not there. */
function partsIn(words: readonly string[], family: string): string[] {
  const parts = nameWords(family);
  if (parts.every((part) => words.includes(part))) return parts;
  const whole = parts.join("");
  return words.includes(whole) ? [whole] : [];
}

/** Whether the words say nothing but (a part of) the name, or all of it and more. */
export function isSameName(words: readonly string[], own: readonly string[]): boolean {
  if (words.length === 0 || own.length === 0) return words.length === 0;
  const isPart = words.every((word) => own.some((one) => one === word || (word.length === 1 && one.startsWith(word))));
  return isPart || own.every((one) => words.includes(one));
}
