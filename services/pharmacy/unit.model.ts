import type { Quantity } from "../../fhir/r4.ts";
import { fold } from "../../fhir/search/fold.ts";

// When quantities are of one unit: plain data in, plain data out.

/** What says of a quantity what it is a number of. */
export type Unit = Pick<Quantity, "system" | "code" | "unit">;

/** What a unit is called: in words, and by its code. `{tablet}`, an annotation of UCUM, is the word "tablet". */
const wordsFor = ({ code, unit }: Unit): string[] =>
  [unit, code?.replace(/^\{(.*)\}$/, "$1")].flatMap((word) => (word === undefined ? [] : [fold(word)]));

/**
 * Whether two quantities can be taken from one another: their units have one code of one system, or, where these cannot tell, one name.
 * A quantity without a unit is a number of those that the other has.
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
