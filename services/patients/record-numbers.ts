/** Identifiers that this hospital gives to patients without one. */
import { randomBytes } from "node:crypto";

/** System of identifiers that this hospital gives to patients without one. */
export const PATIENT_NUMBER = "urn:openward:patient-number";
/** System of identifiers of unknown persons, until they are identified. */
export const TEMPORARY_NUMBER = "urn:openward:temporary-number";

/** Digits and letters that are not mistaken for one another (Crockford's base 32). */
const SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Eight of 32 characters: a unique key refuses an equal one, which is very unlikely. */
export const newNumber = (): string => {
  const signs = [...randomBytes(8)].map((byte) => SIGNS[byte % SIGNS.length]).join("");
  return `${signs.slice(0, 4)}-${signs.slice(4)}`;
};
