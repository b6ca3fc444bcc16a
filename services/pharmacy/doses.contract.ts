/** Doses: when they are due, and how each was recorded. */
import type { Where } from "./stock.contract.ts";

/** A quantity of a dose, e.g. 500 mg, in a UCUM unit. */
export interface Amount {
  value: number;
  unit: string;
}

/** How often a medication is given, like FHIR's Timing. */
export interface DoseTiming {
  /** Number of times in each period. */
  frequency: number;
  period: number;
  periodUnit: "h" | "d" | "wk";
  /** Time of the first dose. ISO 8601 with a zone, or by the hospital's clocks. */
  from: string;
  /** End, exclusive; absent: as long as the prescription is active. */
  until?: string;
}

/** Routes by their names, with their codes in SNOMED CT; a route of another name is words only. */
export const ROUTES: Readonly<Record<string, string>> = {
  oral: "26643006",
  sublingual: "37839007",
  intravenous: "47625008",
  intramuscular: "78421000",
  subcutaneous: "34206005",
  rectal: "37161004",
  vaginal: "16857009",
  inhalation: "447694001",
  nasal: "46713006",
  ophthalmic: "54485002",
  otic: "10547007",
  topical: "6064005",
};

/** Medication that is given when the patient needs it, and limits of what is given. */
export interface DoseLimits {
  /** It is not due at times; `timing` says how often at most, and doses before that are refused. */
  asNeeded?: boolean;
  /** What it is given for, as needed: "pain". */
  asNeededFor?: string;
  /** Largest amount in 24 hours. */
  maxPerDay?: Amount;
}

/** A dose to be given. */
export interface DueDose {
  /** "MedicationRequest/…" */
  prescription: string;
  patient: string; // "Patient/…"
  /** "Encounter/…" of the prescription. */
  encounter?: string;
  medication: { system: string; code: string; display?: string };
  dose?: Amount;
  route?: string;
  /** The dosage in words. */
  dosage: string;
  dueAt: string; // ISO 8601, UTC
  /** Whether it was due more than half an hour ago. */
  isLate: boolean;
}

/** Outcome of a dose. */
export const DoseOutcome = { given: "given", held: "held", refused: "refused", missed: "missed" } as const;
export type DoseOutcome = (typeof DoseOutcome)[keyof typeof DoseOutcome];

/** A recorded dose, given or not: a FHIR MedicationAdministration. */
export interface Administration {
  /** "MedicationAdministration/…" */
  administration: string;
  version: number;
  prescription: string;
  patient: string;
  outcome: DoseOutcome | "cancelled";
  /** When the dose was due; absent: it was not scheduled. */
  dueAt?: string; // ISO 8601, UTC
  at: string; // ISO 8601, UTC
  /** The signed-in person, "Practitioner/…". */
  performer?: string;
}

/** The scanned wristband and package. */
export interface Scanned {
  /** "Patient/…", or the value of one of the patient's identifiers. */
  patient: string;
  /** A code of the medication. */
  medication: string;
}

/** The content of a dose record. */
export interface DoseRecord {
  outcome: DoseOutcome;
  due?: string;
  dose?: Amount;
  route?: string;
  reason?: string;
  scanned?: Scanned;
  /** Reason for giving it although one of the five rights is not met. */
  override?: string;
  /** Reason for giving it in spite of a limit of the prescription. */
  limitReason?: string;
  /** Taken from a ward's stock; absent: it was dispensed before. */
  fromStock?: Where & { quantity: number };
}
