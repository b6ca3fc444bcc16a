/** Choices that several forms have. */
import { t } from "./texts.ts";

/** FHIR's administrative genders. */
export const sexChoices = (): [string, string][] => [
  ["female", t("sex.female")],
  ["male", t("sex.male")],
  ["other", t("sex.other")],
  ["unknown", t("sex.unknown")],
];
