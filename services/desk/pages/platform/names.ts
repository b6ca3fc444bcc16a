/** People of FHIR as text: names, numbers, sex. */
import type { Patient } from "../../../../fhir/r4.ts";
import { namesInOrder, nameText } from "../../../../fhir/shown-names.ts";
import { t, tIfAny } from "./texts.ts";

/** The official name, else another present one; words for a person without a name, and others for one who is not known at the moment. */
export function nameOf(patient: Pick<Patient, "name"> | undefined): string {
  if (!patient) return t("person.notKnown");
  return namesInOrder(patient.name).map(nameText).find(Boolean) ?? t("person.noName");
}

/** All other names: in another script, at birth. */
export const otherNamesOf = (patient: Pick<Patient, "name">): string[] =>
  namesInOrder(patient.name)
    .map(nameText)
    .filter((name) => name !== "" && name !== nameOf(patient));

/** Longer identifiers are not for people. */
const MAX_NUMBER = 24;

/** The identifier that people use: the first that is not temporary and short enough to read out; else "". */
export function numberOf(patient: Pick<Patient, "identifier">): string {
  const all = (patient.identifier ?? []).filter(({ value = "" }) => value.length <= MAX_NUMBER);
  return (all.find(({ use }) => use !== "temp" && use !== "old") ?? all[0])?.value ?? "";
}

/** The sex, as a word. */
export const sexOf = (gender: string | undefined): string => tIfAny(`sex.${gender ?? "unknown"}`) ?? "";

/** Whether a typed text is a number, as scanners of labels type one, rather than a name. */
export const isScanned = (text: string): boolean => /\d/.test(text) && !/\s/.test(text.trim());

/** A room as people call it: its number stands after the word "room", a name of its own does not. */
export const roomText = (name: string): string => (/^\p{L}{3}/u.test(name) ? name : t("ward.room", { name }));
