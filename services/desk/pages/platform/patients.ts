/** Finding and naming patients. */
import type { Patient, Specimen } from "../../../../fhir/r4.ts";
import { plainTyped } from "../../../../fhir/plain-digits.ts";
import { search } from "./api.ts";
import { lookedFor } from "./birth-date.ts";
import { today } from "./clock.ts";
import { offers } from "./menu.ts";

/** The record that has replaced this one in a merge, "Patient/…"; undefined if none has. */
export const replacedBy = ({ link = [] }: Patient): string | undefined => link.find(({ type }) => type === "replaced-by")?.other.reference;

/** Whether this record has replaced another. */
export const hasReplaced = (patient: Patient | undefined): boolean => (patient?.link ?? []).some(({ type }) => type === "replaces");

/** Limit of the results; more of the name narrows them. */
const MAX_FOUND = 12;

/** Number of patients with a name and a year that are examined for the day. */
const MAX_LOOKED_AT = 100;

/** Whether a record may be of a person born then: also one with only the year. */
const isBorn = (date: string, { birthDate = "" }: Patient): boolean =>
  birthDate !== "" && (birthDate.startsWith(date) || date.startsWith(birthDate));

/** By a name and a date of birth, or one of the two. */
async function byNameAndBirth(text: string): Promise<Patient[]> {
  const { date, words } = lookedFor(text, today());
  const names = words.filter((word) => /\p{L}/u.test(word)).map((word): [string, string] => ["name", word]);
  if (date === undefined && names.length === 0) return [];
  if (date === undefined || names.length === 0) {
    const query: [string, string][] = date === undefined ? names : [["birthdate", date]];
    return (await search<Patient>("Patient", [...query, ["_count", `${MAX_FOUND}`]])).resources;
  }
  const born: [string, string] = ["birthdate", date.slice(0, 4)];
  const { resources } = await search<Patient>("Patient", [...names, born, ["_count", `${MAX_LOOKED_AT}`]]);
  return resources.filter((one) => isBorn(date, one));
}

/** A number as it was typed, and as numbers of known systems are stored: without separators, in upper case. */
const numbersIn = (typed: string): string[] => [
  ...new Set([
    typed,
    plainTyped(typed)
      .replace(/[\s./-]/g, "")
      .toUpperCase(),
  ]),
];

/** The code on a tube's label: digits only. */
const ACCESSION = /^\d{11,14}$/;

/** The patient of a tube with this number; not requested if the person may not see specimens. */
async function byTube(accession: string): Promise<Patient[]> {
  if (!ACCESSION.test(accession) || !offers("see Specimen")) return [];
  return (await search<Specimen>("Specimen", { accession, _include: "Specimen:subject" })).included as Patient[];
}

/**
 * The records in force first. A record that was merged into another of them is left out: both have its number, and the other one is meant.
 * @param withReplaced whether it is shown as well
 */
function inForceFirst(patients: Patient[], withReplaced: boolean): Patient[] {
  const ids = new Set(patients.map(({ id }) => `Patient/${id}`));
  const shown = withReplaced ? patients : patients.filter((one) => !ids.has(replacedBy(one) ?? ""));
  return shown.toSorted((one, other) => Number(one.active === false) - Number(other.active === false));
}

/**
 * By name in any script, date of birth, number, phone, or the code on a patient's or tube's label; the most likely first. At most 12.
 * @param withReplaced whether records that were merged into another one that is found are shown, too
 */
export async function findPatients(text: string, withReplaced = false): Promise<Patient[]> {
  if (text.trim() === "") return [];
  const questions: [string, string][][] = [];
  const count: [string, string] = ["_count", `${MAX_FOUND}`];
  if (/\d/.test(text)) {
    const id = text.trim().replace(/^Patient\//, "");
    questions.push([["identifier", numbersIn(id).join()], count], [["phone", text.trim()], count]);
    if (/^[A-Za-z0-9.-]{20,64}$/.test(id)) questions.push([["_id", id]]);
  }
  const known = questions.map(async (query) => (await search<Patient>("Patient", query)).resources);
  const found = await Promise.all([...known, byTube(text.trim()), byNameAndBirth(text)]);
  const byId = new Map(found.flat().map((one) => [one.id, one]));
  return inForceFirst([...byId.values()], withReplaced).slice(0, MAX_FOUND);
}
