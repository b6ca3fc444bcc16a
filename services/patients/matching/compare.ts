/** Compares two persons field by field. Plain data in, plain data out. */
import distance from "damerau-levenshtein";
import { doubleMetaphone } from "double-metaphone";
import { consonantsOf, scriptOf } from "../../../fhir/search/across-scripts.ts";
import { type DateAgreement, datesOf } from "./birth-dates.ts";
import type { ComparedName, Person } from "./person.ts";

/** Similarity from which on words are alike; less suffices if they sound alike. */
const [ALIKE, ALIKE_IN_SOUND] = [0.8, 0.6];
/** Length from which on words may differ in one letter: a shorter word would be another name. */
const SHORT = 4;

/** The agreement of each field; absent if one of the two does not have it. */
export interface Agreement {
  family?: "same" | "alike" | "different";
  given?: "same" | "alike" | "different";
  birthDate?: DateAgreement;
  gender?: "same" | "different";
  phone?: "same" | "different";
  address?: "same" | "near" | "different";
  mother?: "same" | "alike" | "different";
  identifier?: "same" | "different";
  /** Of children of one birth. */
  sibling?: "same" | "different";
}

/** Compares field by field; of several names, addresses and numbers the best agreement counts. */
export function agreementOf(one: Person, other: Person): Agreement {
  const both = <Key extends "birthDate" | "gender" | "mother" | "multipleBirth">(key: Key) =>
    one[key] !== undefined && other[key] !== undefined ? ([one[key], other[key]] as const) : undefined;
  const [birthDate, gender, mother, birth] = [both("birthDate"), both("gender"), both("mother"), both("multipleBirth")];
  return {
    ...namesOf(one.names, other.names),
    ...(birthDate && { birthDate: datesOf(birthDate[0] as string, birthDate[1] as string) }),
    ...(gender && { gender: gender[0] === gender[1] ? "same" : "different" }),
    ...(one.phones.length > 0 &&
      other.phones.length > 0 && { phone: one.phones.some((it) => other.phones.includes(it)) ? "same" : "different" }),
    ...addressesOf(one, other),
    ...(mother && { mother: wordsOf(mother[0] as string, mother[1] as string) }),
    ...(birth && { sibling: birth[0] === birth[1] ? "same" : "different" }),
    ...identifiersOf(one, other),
  };
}

const RANK = { same: 2, alike: 1, different: 0 } as const;

/** The agreement of two names; without given names, if neither has any. */
type NameAgreement = { family: keyof typeof RANK; given?: keyof typeof RANK };

const rankOf = ({ family, given }: NameAgreement): number => RANK[family] + RANK[given ?? family];

/** The best agreement of two names, also with family and given names exchanged. */
function namesOf(some: ComparedName[], others: ComparedName[]): Pick<Agreement, "family" | "given"> {
  let best: NameAgreement | undefined;
  const take = (one: NameAgreement) => {
    if (!best || rankOf(one) > rankOf(best)) best = one;
  };
  for (const one of some) {
    for (const other of others) {
      const hasGiven = one.given !== "" || other.given !== "";
      take({ family: wordsOf(one.family, other.family), ...(hasGiven && { given: wordsOf(one.given, other.given) }) });
      // No agreement is better; for common names this ends most of a hundred comparisons.
      if (best?.family === "same" && best.given === "same") return best;
      const [family, given] = [wordsOf(one.family, other.given), wordsOf(one.given, other.family)];
      if (family !== "different" && given !== "different") take({ family, given });
    }
  }
  return best ?? {};
}

/** Compares two folded names of one or more words. */
export function wordsOf(one: string, other: string): "same" | "alike" | "different" {
  if (one === "" || other === "") return "different";
  if (one === other) return "same";
  const [script, otherScript] = [scriptOf(one), scriptOf(other)];
  if (script && otherScript && script !== otherScript) return acrossScripts(one, other) ? "alike" : "different";
  const [whole, otherWhole] = [one.replaceAll(" ", ""), other.replaceAll(" ", "")];
  if (whole === otherWhole) return "same";
  if (isAlike(whole, otherWhole) || withoutArticles(one) === withoutArticles(other)) return "alike";
  return withoutSome(one, other, (word, it) => it === word || isAlike(it, word)) ? "alike" : "different";
}

/** Whether one of two names leaves out words of the other. */
function withoutSome(one: string, other: string, areAlike: (word: string, other: string) => boolean): boolean {
  const [words, otherWords] = [one.split(" "), other.split(" ")];
  if (words.length === otherWords.length) return false;
  const [fewer, more] = words.length < otherWords.length ? [words, otherWords] : [otherWords, words];
  return fewer.every((word) => more.some((it) => areAlike(word, it)));
}

/** An Arabic name without articles, which are often left out, and are not heard before half of the consonants: الطيب is Ettayeb, or Tayeb. */
const withoutArticles = (name: string): string => name.replace(/(?<=^| )ال(?=\p{L}{2})/gu, "");

/** The consonants of a name, word by word: each may have the ending of a woman's name. */
const consonantsOfWords = (name: string): string =>
  name
    .split(" ")
    .map(consonantsOf)
    .join("")
    .replace(/(.)\1+/g, "$1");

/** Compares names in two scripts, with the articles and without: of several consonants one may differ. Vowels alone (آية, Aya) distinguish nothing. */
function acrossScripts(one: string, other: string): boolean {
  const [key, otherKey] = [consonantsOfWords(one), consonantsOfWords(other)];
  const [bare, otherBare] = [one, other].map((name) => consonantsOfWords(withoutArticles(name))) as [string, string];
  if (key === otherKey || (bare !== "" && bare === otherBare) || isOneOff(key, otherKey) || isOneOff(bare, otherBare)) return true;
  return withoutSome(one, other, (word, it) => {
    const [heard, otherHeard] = [word, it].map((each) => consonantsOfWords(withoutArticles(each)));
    return heard !== "" && heard === otherHeard;
  });
}

const isOneOff = (one: string, other: string): boolean =>
  Math.min(one.length, other.length) >= SHORT - 1 && distance(one, other).steps === 1;

/** Whether words differ by one letter, or one is a part of the other; more may differ if they sound alike. */
function isAlike(one: string, other: string): boolean {
  const { similarity, steps } = distance(one, other);
  if (similarity >= ALIKE || (steps === 1 && Math.max(one.length, other.length) >= SHORT)) return true;
  return similarity >= ALIKE_IN_SOUND && soundsAlike(one, other);
}

function soundsAlike(one: string, other: string): boolean {
  const codes = doubleMetaphone(one).filter((code) => code !== "");
  return doubleMetaphone(other).some((code) => codes.includes(code));
}

function addressesOf({ addresses: some }: Person, { addresses: others }: Person): Pick<Agreement, "address"> {
  if (some.length === 0 || others.length === 0) return {};
  const levels = some.flatMap((one) => others.map((other) => addressLevel(one, other)));
  return { address: levels.includes("same") ? "same" : levels.includes("near") ? "near" : "different" };
}

function addressLevel(one: Person["addresses"][number], other: Person["addresses"][number]): NonNullable<Agreement["address"]> {
  if (wordsOf(one.place, other.place) === "different") return "different";
  return one.line !== "" && wordsOf(one.line, other.line) !== "different" ? "same" : "near";
}

function identifiersOf({ identifiers: some }: Person, { identifiers: others }: Person): Pick<Agreement, "identifier"> {
  const shared = [...some].flatMap(([system, value]) => (others.has(system) ? [others.get(system) === value] : []));
  if (shared.length === 0) return {};
  return { identifier: shared.includes(true) ? "same" : "different" };
}
