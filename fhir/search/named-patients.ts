/** The patients of a resource, according to its index rows. */
import { ID_PATTERN } from "../ids.ts";
const PATIENT = new RegExp(`^=(Patient/${ID_PATTERN})$`);
/** A resource that refers to more is a list of patients, and part of no record. */
const MAX_PATIENTS = 20;

/**
 * The patients that a resource refers to, without duplicates: "Patient/…". Undefined: none, or more than 20.
 * @param values of its index rows
 */
export function namedPatients(values: Iterable<string>): string[] | undefined {
  const found = new Set<string>();
  for (const value of values) {
    const patient = patientIn(value);
    if (patient !== undefined) found.add(patient);
  }
  return found.size > 0 && found.size <= MAX_PATIENTS ? [...found] : undefined;
}

/** The patient that an index row names: "Patient/…". */
function patientIn(value: string): string | undefined {
  // Called for each row of each write: two characters decide for most.
  return value.startsWith("=P") ? PATIENT.exec(value)?.[1] : undefined;
}
