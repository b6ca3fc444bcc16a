/** Asserts that a value exists although its type allows that it does not. */

/**
 * The value itself.
 * @throws Error if it is missing: a bug, which is better reported here than as `undefined` elsewhere
 */
export function nonNull<Value>(value: Value | null | undefined): Value {
  if (value === undefined || value === null) throw new Error("A value is missing that must be there.");
  return value;
}
