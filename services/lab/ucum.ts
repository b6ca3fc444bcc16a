/** Whether a code is one of UCUM, the units of measure (https://ucum.org), by the U.S. National Library of Medicine's own validator. */
import { createRequire } from "node:module";

interface Ucum {
  UcumLhcUtils: { getInstance(): { validateUnitString(code: string): { status: "valid" | "invalid" | "error" } } };
}

/** UCUM's longest are a few dozen; the validator takes the longer for what is far longer. Characters. */
const MAX_LENGTH = 100;
/** Codes that are remembered: a laboratory has some hundred. */
const MAX_KNOWN = 1_000;

const known = new Map<string, boolean>();
let ucum: ReturnType<Ucum["UcumLhcUtils"]["getInstance"]> | undefined;

/** Case counts, as in UCUM's c/s codes. */
export function isUcum(code: string): boolean {
  if (code.length > MAX_LENGTH) return false;
  const before = known.get(code);
  if (before !== undefined) return before;
  // 0.1 s and 4 MB, when the first is asked about.
  ucum ??= (createRequire(import.meta.filename)("@lhncbc/ucum-lhc") as Ucum).UcumLhcUtils.getInstance();
  const isOne = ucum.validateUnitString(code).status === "valid";
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(code, isOne);
  return isOne;
}
