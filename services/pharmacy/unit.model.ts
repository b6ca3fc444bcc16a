import type { Quantity } from "../../fhir/r4.ts";
import { fold } from "../../fhir/search/fold.ts";

// Whether quantities have the same unit: plain data in, plain data out.

/** The unit of a quantity. */
export type Unit = Pick<Quantity, "system" | "code" | "unit">;

/** The names of a unit: its text, and its code. `{tablet}`, an annotation in UCUM, is the word "tablet". */
const wordsFor = ({ code, unit }: Unit): string[] =>
  [unit, code?.replace(/^\{(.*)\}$/, "$1")].flatMap((word) => (word === undefined ? [] : [fold(word)]));

/**
 * Whether two quantities have the same unit: the same code of one system or, if the codes do not tell, the same name.
 * A quantity without a unit matches any.
 */
export function isOneUnit(one: Unit = {}, other: Unit = {}): boolean {
  const [names, others] = [wordsFor(one), wordsFor(other)];
  if (names.length === 0 || others.length === 0) return true;
  if (one.code !== undefined && other.code !== undefined && one.system === other.system) return one.code === other.code;
  return names.some((name) => others.includes(name));
}

/** The unit of a quantity, without its value. */
export const unitOf = ({ system, code, unit }: Unit = {}): Unit => ({
  ...(unit !== undefined && { unit }),
  ...(system !== undefined && { system }),
  ...(code !== undefined && { code }),
});
