/** Whom a resource is about, as far as its index rows say so. */
import { ID_PATTERN } from "../ids.ts";
const PATIENT = new RegExp(`^=(Patient/${ID_PATTERN})$`);
/** What refers to more is a list of patients, and nobody's record. */
const MAX_PATIENTS = 20;

/**
 * The patients that a resource refers to, each once: "Patient/…". Undefined: to none, or to more than 20.
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
  // Each row of each write comes by here: most are told apart by two characters.
  return value.startsWith("=P") ? PATIENT.exec(value)?.[1] : undefined;
}
