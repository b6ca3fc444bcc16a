/** Prescriptions without a schedule, given as needed: plain data in, plain data out. */
import { isScheduled } from "../../../../../fhir/timing.ts";
import type { MedicationRequest } from "../../../../../fhir/r4.ts";
import { dosageWords } from "../../platform/dosage-words.ts";
import { medicationOf, medicationText } from "../../platform/medications.ts";
import type { DoseToNote } from "./dose.ts";

/** Whether no times follow from it at which doses are due. */
export function isUnscheduled({ dosageInstruction: [dosage] = [], doNotPerform, intent }: MedicationRequest): boolean {
  return doNotPerform !== true && /order$/.test(intent) && !isScheduled(dosage);
}

/** The next dose of a prescription without a schedule. */
export function doseOf(of: MedicationRequest): DoseToNote {
  const [dosage] = of.dosageInstruction ?? [];
  const { value, unit, code = "" } = dosage?.doseAndRate?.[0]?.doseQuantity ?? {};
  const route = dosage?.route?.text ?? dosage?.route?.coding?.[0]?.display;
  const coding = medicationOf(of)?.coding?.[0];
  return {
    prescription: `MedicationRequest/${of.id}`,
    patient: of.subject.reference ?? "",
    medication: { system: coding?.system ?? "", code: coding?.code ?? "", display: medicationText(of) },
    ...(value !== undefined && { dose: { value, unit: unit ?? code } }),
    ...(route !== undefined && { route }),
    dosage: dosageWords(of.dosageInstruction),
    of,
  };
}
