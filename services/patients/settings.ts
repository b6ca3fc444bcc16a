/** An operator's settings for identifiers and matching: a JSON file that PATIENTS_FILE names. */
import { readFileSync } from "node:fs";
import { readConfig } from "../../mesh/config.ts";
import {
  type CheckDigit,
  IDENTIFIER_SYSTEMS,
  type IdentifierSystem,
  IdentifierTable,
  isCheckDigit,
  NUMBER_KINDS,
} from "../../fhir/identifier-systems.ts";
import { MATCH_WEIGHTS, type MatchWeights } from "./matching/grade.ts";

/** The tables of identifiers and weights. */
export interface PatientSettings {
  table: IdentifierTable;
  weights: MatchWeights;
}

let known: PatientSettings | undefined;

/** The settings of this process, read once. @throws Error with one sentence for the operator */
export function settings(): PatientSettings {
  known ??= readPatientSettings(readConfig().patientsFile);
  return known;
}

/**
 * @param file absent: the defaults
 * @throws Error with one sentence for the operator
 */
export function readPatientSettings(file: string | undefined): PatientSettings {
  if (file === undefined) return { table: new IdentifierTable(), weights: MATCH_WEIGHTS };
  try {
    const { identifierSystems = [], match = {}, ...unknown } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    requireNone(Object.keys(unknown));
    return { table: new IdentifierTable(systemsIn(identifierSystems)), weights: weightsIn(match, MATCH_WEIGHTS) };
  } catch (error) {
    throw new Error(`PATIENTS_FILE cannot be used: ${(error as Error).message}`);
  }
}

const requireNone = (unknown: string[]): void => {
  if (unknown.length > 0) throw new Error(`it has no place for "${unknown.join('", "')}".`);
};

function systemsIn(given: unknown): IdentifierSystem[] {
  if (!Array.isArray(given)) throw new Error("identifierSystems must be a list.");
  return given.map(({ system, separators, form, check, isUnique, type, ...unknown }: Record<string, unknown>) => {
    requireNone(Object.keys(unknown));
    const texts = [system, separators, form, check].every((one, index) => typeof one === "string" || (index > 0 && one === undefined));
    const isFlag = isUnique === undefined || typeof isUnique === "boolean";
    if (!texts || !isFlag || (check !== undefined && !isCheckDigit(check as string))) {
      throw new Error(`a system has a form like ${JSON.stringify(IDENTIFIER_SYSTEMS[0])}.`);
    }
    if (type !== undefined && !(NUMBER_KINDS as readonly unknown[]).includes(type)) {
      throw new Error(`the type of a system is one of ${NUMBER_KINDS.join(", ")}.`);
    }
    new RegExp((form as string | undefined) ?? ""); // throws now rather than at a registration
    return {
      system: system as string,
      ...pick({ separators, form, check: check as CheckDigit | undefined, isUnique, type }),
    } as IdentifierSystem;
  });
}

const pick = (given: object): object => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

/** The defaults with the operator's numbers in their places, and nothing else. */
function weightsIn<Of extends object>(given: unknown, defaults: Of): Of {
  if (given === null || typeof given !== "object") throw new Error("match must be an object of weights.");
  requireNone(Object.keys(given).filter((name) => !(name in defaults)));
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => {
      const own = (given as Record<string, unknown>)[name];
      if (own === undefined) return [name, value];
      if (typeof value === "object") return [name, weightsIn(own, value as object)];
      if (typeof own !== "number") throw new Error(`${name} must be a number.`);
      return [name, own];
    }),
  ) as Of;
}
