/** Which of all patients may be the same person: a few questions to the search index, each of which finds few. */
import type { HumanName, Patient } from "../../../fhir/r4.ts";
import { fold } from "../../../fhir/search/fold.ts";
import { beginClause, tokenClause } from "../../../fhir/search/exact-clauses.ts";
import { parseSearch } from "../../../fhir/search/parse-search.ts";
import type { Clause } from "../../../fhir/search/query.ts";
import type { IdentifierTable } from "../identifier-systems.ts";
import { isYearOnly, presumedTimes, swapped } from "./birth-dates.ts";

/** Matches of one question that are looked at; of those that find more the oldest. */
export const MAX_OF_BLOCK = 100;
/** Questions about one person, so that nobody's many names cost much. */
const MAX_BLOCKS = 16;
/** Words of a family name, and of given names, that are asked for. */
const MAX_WORDS = 2;
/** Words of a name that are asked for together with the year of birth. */
const MAX_BY_YEAR = 4;

/** One question. */
export interface Block {
  clauses: Clause[];
  /** What is asked besides where more than MAX_OF_BLOCK are found: who has a common name, and may be written down with a day that was not known. */
  ofMany?: Clause[] | undefined;
}

/** The questions about one person, in order of how much an answer says. */
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

/** The day of birth; of whom no more than the year is known, as many are, the year and a name: the day alone would be that of half the register. */
function byBirth(birthDate: string, names: HumanName[]): Clause[][] {
  if (birthDate.length === 10 && !isYearOnly(birthDate)) {
    return [clausesOf([["birthdate", [birthDate, ...otherDay(birthDate)].join(",")]])];
  }
  const words = [...new Set(wordPairs(names).flat())].slice(0, MAX_BY_YEAR);
  return words.flatMap((word) => bornAbout(birthDate).map((about) => [...clausesOf([["phonetic", word]]), about]));
}

/** A word of the family name and one of the given names, whichever stands where. */
const byName = (birthDate: string, names: HumanName[]): Block[] =>
  wordPairs(names).map(([last, first]) => {
    const clauses = clausesOf([
      ["phonetic", last],
      ["phonetic", first],
    ]);
    return { clauses, ofMany: bornAbout(birthDate).map((about) => [...clauses, about])[0] };
  });

/** Written down as born when no more was known of that date; none where it is not known itself. */
function bornAbout(birthDate: string): Clause[] {
  const times = presumedTimes(birthDate);
  return times.length > 0 ? [beginClause("Patient", "birthdate", times)] : [];
}

const wordPairs = (names: HumanName[]): [string, string][] =>
  names
    .filter(({ use }) => use !== "temp")
    .flatMap(({ family = "", given = [] }) =>
      wordsIn(family).flatMap((last) => wordsIn(given.join(" ")).map((first): [string, string] => [last, first])),
    );

const wordsIn = (text: string): string[] =>
  (text.slice(0, 200).match(/[\p{L}\p{N}\p{M}'’]+/gu) ?? []).map(fold).filter(Boolean).slice(0, MAX_WORDS);

/** Day and month taken for one another, where the calendar has such a day. */
const otherDay = (date: string): string[] => (swapped(date) !== date && Number(date.slice(8)) <= 12 ? [swapped(date)] : []);

const clausesOf = (pairs: [string, string][]): Clause[] => parseSearch("Patient", pairs, { base: "", handling: "strict" }).clauses;
