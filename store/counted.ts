/** Counters count decimals: ten times 0.1 is 1. */

/** Decimals that a counter has. */
const UNITS = 1e6;
/** Below this a double tells millionths apart; what is larger is counted as it is. */
const EXACT_BELOW = 2 ** 33;

/** A counter's value without what binary fractions have left of its sums. */
export const counted = (value: number): number =>
  Number.isInteger(value) || Math.abs(value) >= EXACT_BELOW ? value : Math.round(value * UNITS) / UNITS + 0;
