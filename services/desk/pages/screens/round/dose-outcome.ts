/** The outcome of a recorded dose: plain data in, plain data out. */
import type { MedicationAdministration } from "../../../../../fhir/r4.ts";
import { DoseOutcome } from "../../../../pharmacy/doses.contract.ts";

/** The outcome; a "not done" with an unknown reason from another system counts as not given. */
export function outcomeOf({ status, statusReason: [why] = [] }: MedicationAdministration): DoseOutcome {
  if (status !== "not-done") return DoseOutcome.given;
  const known = Object.values(DoseOutcome).find((one) => why?.coding?.some(({ code }) => code === one));
  return known ?? DoseOutcome.missed;
}

/** Whether it was entered in error. */
