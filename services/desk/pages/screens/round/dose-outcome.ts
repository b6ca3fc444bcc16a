/** What became of a dose that was noted: plain data in, plain data out. */
import type { MedicationAdministration } from "../../../../../fhir/r4.ts";
import { DoseOutcome } from "../../../../pharmacy/doses.contract.ts";

/** What became of it; what another system has noted in other words was not given. */
export function outcomeOf({ status, statusReason: [why] = [] }: MedicationAdministration): DoseOutcome {
  if (status !== "not-done") return DoseOutcome.given;
  const known = Object.values(DoseOutcome).find((one) => why?.coding?.some(({ code }) => code === one));
  return known ?? DoseOutcome.missed;
}

/** Whether it was noted by mistake. */
export const isError = ({ status }: MedicationAdministration): boolean => status === "entered-in-error";
