/** Validates codes of UCUM, the units of measure (https://ucum.org), by the U.S. National Library of Medicine's own validator. */
import { createRequire } from "node:module";

interface Ucum {
  UcumLhcUtils: { getInstance(): { validateUnitString(code: string): { status: "valid" | "invalid" | "error" } } };
}

/** Characters of a code: UCUM's longest are a few dozen, and the validator's run time grows with the length. */
const MAX_LENGTH = 100;
/** Codes whose result is kept: a laboratory uses about a hundred. */
const MAX_KNOWN = 1_000;

const known = new Map<string, boolean>();
let ucum: ReturnType<Ucum["UcumLhcUtils"]["getInstance"]> | undefined;

/** Case-sensitive, as UCUM's c/s codes are. */
export function isUcum(code: string): boolean {
  if (code.length > MAX_LENGTH) return false;
  const before = known.get(code);
  if (before !== undefined) return before;
  // Takes 0.1 s and 4 MB at the first use.
  ucum ??= (createRequire(import.meta.filename)("@lhncbc/ucum-lhc") as Ucum).UcumLhcUtils.getInstance();
  const isOne = ucum.validateUnitString(code).status === "valid";
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(code, isOne);
  return isOne;
}
