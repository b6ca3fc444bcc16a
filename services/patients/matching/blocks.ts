/** Selects the patients who may be the same person (blocking): a few questions to the search index, each with few matches. */
import type { HumanName, Patient } from "../../../fhir/r4.ts";
import { fold } from "../../../fhir/search/fold.ts";
import { beginClause, tokenClause } from "../../../fhir/search/exact-clauses.ts";
import { parseSearch } from "../../../fhir/search/parse-search.ts";
import type { Clause } from "../../../fhir/search/query.ts";
import type { IdentifierTable } from "../../../fhir/identifier-systems.ts";
import { isYearOnly, presumedTimes, swapped } from "./birth-dates.ts";

/** Matches of one question that are compared; of more, the oldest. */
export const MAX_OF_BLOCK = 100;
/** Questions about one person, which limits the cost of many names. */
const MAX_BLOCKS = 16;
/** Words of a family name, and of given names, in questions. */
const MAX_WORDS = 2;
/** Words of a name that are combined with the year of birth. */
const MAX_BY_YEAR = 4;

/** One question. */
export interface Block {
  clauses: Clause[];
  /** Additional conditions if more than MAX_OF_BLOCK match: a person with a common name may be recorded with a presumed birth date. */
  ofMany?: Clause[] | undefined;
}

/** The questions about one person, the most significant first. */
export function blocksOf(patient: Patient, table: IdentifierTable): Block[] {
  const { identifier = [], telecom = [], birthDate = "", name = [] } = patient;
  const byIdentifier = identifier.flatMap(({ system = "", value, use }) =>
    value === undefined || use === "temp"
      ? []
      : [[tokenClause("Patient", "identifier", { system, value: table.normalized(system, value) })]],
  );
  const byPhone = telecom.flatMap(({ system, value }) =>
    system === "phone" && value !== undefined ? [[tokenClause("Patient", "phone", { system: "phone", value })]] : [],
  );
  const alone = [...byIdentifier, ...byPhone, ...byBirth(birthDate, name)].map((clauses) => ({ clauses }));
  return [...alone, ...byName(birthDate, name)].slice(0, MAX_BLOCKS);
}

/** By birth date; if only the year is known, by the year and a name, since the presumed day alone matches a large part of the register. */
function byBirth(birthDate: string, names: HumanName[]): Clause[][] {
  if (birthDate.length === 10 && !isYearOnly(birthDate)) {
    return [clausesOf([["birthdate", [birthDate, ...otherDay(birthDate)].join(",")]])];
  }
  const words = [...new Set(wordPairs(names).flat())].slice(0, MAX_BY_YEAR);
  return words.flatMap((word) => bornAbout(birthDate).map((about) => [...clausesOf([["phonetic", word]]), about]));
}

/** By a word of the family name and one of the given names, in either place; by the one name of a person who has no other. */
const byName = (birthDate: string, names: HumanName[]): Block[] =>
  wordPairs(names).map((words) => {
    const clauses = clausesOf(words.map((word) => ["phonetic", word]));
    return { clauses, ofMany: bornAbout(birthDate).map((about) => [...clauses, about])[0] };
  });

/** Conditions for presumed birth dates of a person with this date; none if the date itself is unknown. */
function bornAbout(birthDate: string): Clause[] {
  const times = presumedTimes(birthDate);
  return times.length > 0 ? [beginClause("Patient", "birthdate", times)] : [];
}

/** The words of each name in pairs of a family and a given name; alone, if there is only one of them. */
const wordPairs = (names: HumanName[]): string[][] =>
  names
    .filter(({ use }) => use !== "temp")
    .flatMap(({ family = "", given = [] }) => {
      const [lasts, firsts] = [wordsIn(family), wordsIn(given.join(" "))];
      if (lasts.length === 0 || firsts.length === 0) return [...lasts, ...firsts].map((word) => [word]);
      return lasts.flatMap((last) => firsts.map((first) => [last, first]));
    });

const wordsIn = (text: string): string[] =>
  (text.slice(0, 200).match(/[\p{L}\p{N}\p{M}'’]+/gu) ?? []).map(fold).filter(Boolean).slice(0, MAX_WORDS);

/** The date with day and month exchanged, if it exists. */
const otherDay = (date: string): string[] => (swapped(date) !== date && Number(date.slice(8)) <= 12 ? [swapped(date)] : []);

const clausesOf = (pairs: [string, string][]): Clause[] => parseSearch("Patient", pairs, { base: "", handling: "strict" }).clauses;
