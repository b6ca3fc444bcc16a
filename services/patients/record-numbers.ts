/** Numbers that this hospital gives to patients who have none. */
import { randomBytes } from "node:crypto";

/** Digits and letters that are not taken for one another (Crockford's base 32). */
const SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Eight of 32 signs: that two are alike is refused by a unique key, and next to never comes about. */
export const newNumber = (): string => {
  const signs = [...randomBytes(8)].map((byte) => SIGNS[byte % SIGNS.length]).join("");
  return `${signs.slice(0, 4)}-${signs.slice(4)}`;
};
