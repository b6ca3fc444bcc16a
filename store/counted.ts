/** Counters are decimals: ten times 0.1 is 1, not the sum of the binary fractions. */

/** Resolution of a counter: six decimals. */
const UNITS = 1e6;
/** Below this a double represents millionths exactly enough to round; a larger value is left as it is. */
const EXACT_BELOW = 2 ** 33;

/** Rounds a counter's value to six decimals, which removes the rounding errors of binary sums. */
export const counted = (value: number): number =>
  Number.isInteger(value) || Math.abs(value) >= EXACT_BELOW ? value : Math.round(value * UNITS) / UNITS + 0;
