/**
 * The interpretation of a result follows its value, whichever way that came or was changed: normal, low, high, or critical, so that a physician has to
 * acknowledge it. Plain data in, plain data out.
 */
import { numberOf } from "../../../fhir/json.ts";
import type { Observation } from "../../../fhir/r4.ts";
import { type Catalogue, type CatalogueTest, CRITICAL } from "../bench.contract.ts";
import { flagIn, flagOf, interpretationOf, isCritical, rangeFor, referenceRangeOf, type SexAndAge } from "./measured-values.ts";

/** The catalogue's test of a result, if the value is a number in its unit. */
function testOf({ code, valueQuantity }: Observation, { system, tests }: Catalogue): CatalogueTest | undefined {
  const test = tests.find((it) => code.coding?.some((coding) => coding.system === system && coding.code === it.code));
  return test !== undefined && valueQuantity?.code === test.unit ? test : undefined;
}

/**
 * The result with the interpretation of its present value, by the reference range that is stored with it; without one, by the person's. What the
 * catalogue does not have, or has in another unit, stays as it is.
 */
export function interpreted<Of extends Observation>(observation: Of, catalogue: Catalogue, person: SexAndAge = {}): Of {
  const test = testOf(observation, catalogue);
  const value = numberOf(observation.valueQuantity?.value);
  if (!test || value === undefined) return observation;
  const { comparator } = observation.valueQuantity ?? {};
  const [stored] = observation.referenceRange ?? [];
  const [low, high] = [numberOf(stored?.low?.value), numberOf(stored?.high?.value)];
  const range = stored ? { ...(low !== undefined && { low }), ...(high !== undefined && { high }) } : rangeFor(test, person);
  const flag = flagOf({ value, ...(comparator && { comparator }) }, range, test.critical);
  const { interpretation: _, ...rest } = observation;
  return {
    ...(rest as Of),
    ...(!stored && range && { referenceRange: [referenceRangeOf(range, test.unit)] }),
    ...(flag && { interpretation: [interpretationOf(flag)] }),
  };
}

/** A result that is issued now: if its value is critical it waits to be acknowledged, otherwise no longer. */
export function alerting<Of extends Observation>(observation: Of): Of {
  if (isCritical(flagIn(observation))) return tagged(observation, CRITICAL.waiting);
  return isTagged(observation, CRITICAL.waiting) ? untagged(observation) : observation;
}

/** A result without the state of a critical value. */
export function untagged<Of extends Observation>(observation: Of): Of {
  const { tag: _, ...meta } = observation.meta ?? {};
  const others = otherTags(observation);
  return { ...observation, meta: { ...meta, ...(others.length > 0 && { tag: others }) } };
}

const otherTags = ({ meta }: Observation) => meta?.tag?.filter(({ system }) => system !== CRITICAL.system) ?? [];

/** A result with this state of a critical value, and no other one. */
export function tagged<Of extends Observation>(observation: Of, code: string): Of {
  return { ...observation, meta: { ...observation.meta, tag: [...otherTags(observation), { system: CRITICAL.system, code }] } };
}

/** Whether a critical value has this state. */
export const isTagged = ({ meta }: Observation, wanted: string): boolean =>
  meta?.tag?.some(({ system, code }) => system === CRITICAL.system && code === wanted) ?? false;
