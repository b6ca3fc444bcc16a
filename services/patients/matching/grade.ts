/**
 * The probability that two records are of one person, by the weights of Fellegi and Sunter (1969): each field adds the binary logarithm of how
 * much more often it agrees in this way for one person than for two.
 */
import { MatchGrade } from "../patients.contract.ts";
import type { Agreement } from "./compare.ts";

/** The weights by field and agreement, and the thresholds of the grades. */
export interface MatchWeights {
  fields: { [Field in Exclude<keyof Agreement, "sibling">]-?: Record<NonNullable<Agreement[Field]>, number> };
  certain: number;
  probable: number;
  possible: number;
}

/** The default weights; an operator changes single ones in PATIENTS_FILE. */
export const MATCH_WEIGHTS: MatchWeights = {
  fields: {
    family: { same: 8, alike: 5, different: -5 },
    given: { same: 6, alike: 3.5, different: -5 },
    birthDate: { same: 13, presumed: 6, near: 5.5, partial: 3, around: 1, different: -8 },
    gender: { same: 1, different: -5 },
    phone: { same: 11, different: -1 },
    address: { same: 8, near: 2, different: -1 },
    mother: { same: 6, alike: 3, different: -4 },
    identifier: { same: 20, different: -3 },
  },
  certain: 32,
  probable: 20,
  possible: 12,
};

/** The result of a comparison: the sum of weights, its share of certainty, and the grade. */
export interface Match {
  weight: number;
  /** 0 to 1. */
  score: number;
  grade: MatchGrade;
}

/** Whether it counts as the same person unless a clerk decides otherwise. */
export const isSure = ({ grade }: Pick<Match, "grade">): boolean => grade === MatchGrade.certain || grade === MatchGrade.probable;

/** Grades an agreement. */
export function gradeOf(agreement: Agreement, { fields, certain, probable, possible }: MatchWeights = MATCH_WEIGHTS): Match {
  const { sibling, ...levels } = agreement;
  const weight = Object.entries(levels).reduce(
    (sum, [field, level]) => sum + ((fields[field as keyof typeof fields] as Record<string, number>)[level] ?? 0),
    0,
  );
  const score = Math.round(Math.min(1, Math.max(0, weight / certain)) * 100) / 100;
  const grade =
    weight >= certain
      ? MatchGrade.certain
      : weight >= probable
        ? MatchGrade.probable
        : weight >= possible
          ? MatchGrade.possible
          : MatchGrade.certainlyNot;
  return { weight, score, grade: isSure({ grade }) && isOther({ sibling, ...levels }) ? MatchGrade.possible : grade };
}

/** Families share everything but given name and birth date, and twins everything but the given name: a person has to decide about such records. */
const isOther = ({ identifier, given, birthDate, sibling }: Agreement): boolean =>
  sibling === "different" || (identifier !== "same" && (given === "different" || birthDate === "different"));
