/** Validates codes of UCUM, the units of measure (https://ucum.org), by the U.S. National Library of Medicine's own validator. */
import { createRequire } from "node:module";

interface Validator {
  validateUnitString(code: string): { status: "valid" | "invalid" | "error" };
  convertUnitTo(from: string, value: number, to: string): { status: "succeeded" | "failed" | "error" };
}

/** The address of the code system. */
export const UCUM = "http://unitsofmeasure.org";

/** Characters of a code: UCUM's longest are a few dozen, and the validator's run time grows with the length. */
const MAX_LENGTH = 100;
/** Answers that are kept: a laboratory uses about a hundred codes. */
const MAX_KNOWN = 1_000;

const known = new Map<string, boolean>();
let validator: Validator | undefined;

/** Takes 0.1 s and 4 MB at the first use. */
function ucum(): Validator {
  validator ??= (
    createRequire(import.meta.filename)("@lhncbc/ucum-lhc") as { UcumLhcUtils: { getInstance(): Validator } }
  ).UcumLhcUtils.getInstance();
  return validator;
}

/** @param question what is asked, which names the answer */
function remembered(question: string, answer: () => boolean): boolean {
  const before = known.get(question);
  if (before !== undefined) return before;
  const found = answer();
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(question, found);
  return found;
}

/** Case-sensitive, as UCUM's c/s codes are. */
export const isUcum = (code: string): boolean =>
  code.length <= MAX_LENGTH && remembered(code, () => ucum().validateUnitString(code).status === "valid");

/** Whether UCUM converts one unit to the other: both measure the same (`kPa` and `mm[Hg]`, but not `kg`). */
export const isConvertible = (code: string, to: string): boolean =>
  isUcum(code) && remembered(`${code} ${to}`, () => ucum().convertUnitTo(code, 1, to).status === "succeeded");
