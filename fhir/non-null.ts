/** Says where a value must be there although its type does not know it. */

/**
 * The value itself.
 * @throws Error where it is not there: a fault of ours, which is better told here than met as `undefined` somewhere else
 */
export function nonNull<Value>(value: Value | null | undefined): Value {
  if (value === undefined || value === null) throw new Error("A value is missing that must be there.");
  return value;
}
