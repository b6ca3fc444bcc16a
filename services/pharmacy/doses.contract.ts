/** Doses: when a prescription is due, and what became of each. */
import type { Where } from "./stock.contract.ts";

/** A quantity of a dose, e.g. 500 mg, in a UCUM unit. */
export interface Amount {
  value: number;
  unit: string;
}

/** How often a medication is given, as FHIR's Timing has it. */
export interface DoseTiming {
  /** So many times in each period. */
  frequency: number;
  period: number;
  periodUnit: "h" | "d" | "wk";
  /** The first dose. ISO 8601 with a zone, or by the hospital's clocks. */
  from: string;
  /** No dose from then on; absent: as long as the prescription is active. */
  until?: string;
}

/** One dose that is to be given. */
export interface DueDose {
  /** "MedicationRequest/…" */
  prescription: string;
  patient: string; // "Patient/…"
  /** "Encounter/…", as the prescription has it. */
  encounter?: string;
  medication: { system: string; code: string; display?: string };
  dose?: Amount;
  route?: string;
  /** The dosage in words. */
  dosage: string;
  dueAt: string; // ISO 8601, UTC
  /** It was due more than half an hour ago. */
  isLate: boolean;
}

/** What became of a dose. */
export const DoseOutcome = { given: "given", held: "held", refused: "refused", missed: "missed" } as const;
export type DoseOutcome = (typeof DoseOutcome)[keyof typeof DoseOutcome];

/** A dose that was given, or was not, on record: a FHIR MedicationAdministration. */
export interface Administration {
  /** "MedicationAdministration/…" */
  administration: string;
  version: number;
  prescription: string;
  patient: string;
  outcome: DoseOutcome | "cancelled";
  /** When the dose was due; absent: it was not planned. */
  dueAt?: string; // ISO 8601, UTC
  at: string; // ISO 8601, UTC
  /** Who has signed in, "Practitioner/…". */
  performer?: string;
}

/** What was read from wristband and package. */
export interface Scanned {
  /** "Patient/…", or the value of one of the patient's identifiers. */
  patient: string;
  /** A code of the medication. */
  medication: string;
}

/** What is recorded of one dose. */
export interface DoseRecord {
  outcome: DoseOutcome;
  due?: string;
  dose?: Amount;
  route?: string;
  reason?: string;
  scanned?: Scanned;
  /** Why it is given although one of the rights is not met. */
  override?: string;
  /** Taken of a ward's store; absent: it was dispensed before. */
  fromStock?: Where & { quantity: number };
}
