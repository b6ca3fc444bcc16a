/** Which of all patients may be the same person: a few questions to the search index, each of which finds few. */
import type { Patient } from "../../../fhir/r4.ts";
import { fold } from "../../../fhir/search/fold.ts";
import { tokenClause } from "../../../fhir/search/exact-clauses.ts";
import { parseSearch } from "../../../fhir/search/parse-search.ts";
import type { Clause } from "../../../fhir/search/query.ts";
import type { IdentifierTable } from "../identifier-systems.ts";

/** Matches of one question that are looked at; of those that find more the oldest. */
export const MAX_OF_BLOCK = 100;
/** Questions about one person, so that nobody's many names cost much. */
const MAX_BLOCKS = 16;
/** Words of a family name, and of given names, that are asked for. */
const MAX_WORDS = 2;

/** The questions about one person, in order of how much an answer says. */
export function blocksOf(patient: Patient, table: IdentifierTable): Clause[][] {
  const { identifier = [], telecom = [], birthDate = "" } = patient;
  const byIdentifier = identifier.flatMap(({ system = "", value, use }) =>
    value === undefined || use === "temp"
      ? []
      : [[tokenClause("Patient", "identifier", { system, value: table.normalized(system, value) })]],
  );
  const byPhone = telecom.flatMap(({ system, value }) =>
    system === "phone" && value !== undefined ? [[tokenClause("Patient", "phone", { system: "phone", value })]] : [],
  );
  const days = birthDate.length === 10 ? [birthDate, ...swapped(birthDate)] : [];
  const byBirth = days.map((day) => clausesOf([["birthdate", day]]));
  return [...byIdentifier, ...byPhone, ...byBirth, ...byName(patient)].slice(0, MAX_BLOCKS);
}

/** A word of the family name and one of the given names, whichever stands where. */
function byName({ name = [] }: Patient): Clause[][] {
  const pairs = name
    .filter(({ use }) => use !== "temp")
    .flatMap(({ family = "", given = [] }) =>
      wordsIn(family).flatMap((last) => wordsIn(given.join(" ")).map((first): [string, string] => [last, first])),
    );
  return pairs.map(([last, first]) =>
    clausesOf([
      ["phonetic", last],
      ["phonetic", first],
    ]),
  );
}

const wordsIn = (text: string): string[] =>
  (text.slice(0, 200).match(/[\p{L}\p{N}\p{M}'’]+/gu) ?? []).map(fold).filter(Boolean).slice(0, MAX_WORDS);

/** Day and month taken for one another, where the calendar has such a day. */
function swapped(date: string): string[] {
  const other = `${date.slice(0, 5)}${date.slice(8)}-${date.slice(5, 7)}`;
  return other !== date && Number(date.slice(8)) <= 12 ? [other] : [];
}

const clausesOf = (pairs: [string, string][]): Clause[] => parseSearch("Patient", pairs, { base: "", handling: "strict" }).clauses;
