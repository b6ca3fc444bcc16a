import { action } from "../../mesh/contract.ts";
import type { Happened } from "../../mesh/happened-contract.ts";
import type { Administration, Amount, DoseOutcome, DoseTiming, DueDose, Scanned } from "./doses.contract.ts";

/** The FHIR types that this service owns. */
export const owns = [
  "Medication",
  "MedicationAdministration",
  "MedicationDispense",
  "MedicationKnowledge",
  "MedicationRequest",
  "MedicationStatement",
  "Substance",
  "SupplyRequest",
  "SupplyDelivery",
];

/** Types of which each version is an event, `fhir.TYPE`. */
export const emits = ["MedicationAdministration", "MedicationDispense", "MedicationRequest"];

/** URL of an extension of a MedicationDispense, a decimal: units that were given back, all together. */
export const RETURNED = "urn:openward:returned-quantity";

/** A code of a code system, e.g. RxNorm's 313782. */
export interface Code {
  system: string;
  code: string;
  display?: string;
}

/** How much of a medication is on the shelf. The stock is the pharmacy's own data; its movements are FHIR resources. */
export interface StockItem {
  medication: Code;
  quantity: number; // units, 0 or more
}

/** A delivery that arrived: a FHIR SupplyDelivery. */
export interface Receipt {
  /** "SupplyDelivery/…" */
  delivery: string;
  stock: StockItem;
}

/** A correction of the stock: a FHIR SupplyDelivery to the pharmacy, or from it. */
export interface Adjustment {
  /** "SupplyDelivery/…"; absent: the books were right. */
  delivery?: string;
  /** Units more, or below zero less, than by the books. */
  by: number;
  stock: StockItem;
}

/** What was prescribed: a FHIR MedicationRequest. */
export interface Prescription {
  /** "MedicationRequest/…" */
  prescription: string;
  version: number;
  patient: string; // "Patient/…"
  medication: Code;
  quantity: number; // units that may be dispensed in all
  prescribedAt: string; // ISO 8601, UTC
}

/** What was handed out: a FHIR MedicationDispense. */
export interface Dispense {
  /** "MedicationDispense/…" */
  dispense: string;
  prescription: string;
  quantity: number; // units
  /** Units of the medication that are left on the shelf. */
  left: number;
  dispensedAt: string; // ISO 8601, UTC
}

/** What a patient gave back of a dispense: a FHIR SupplyDelivery to the pharmacy. */
export interface Return {
  /** "SupplyDelivery/…" */
  delivery: string;
  dispense: string;
  quantity: number; // units
  /** Units of the dispense that have not been given back. */
  kept: number;
  /** Units of the medication that are on the shelf now; absent: the pharmacy does not keep it. */
  left?: number;
}

/** A dispense that was undone: its MedicationDispense is entered in error. */
export interface VoidedDispense {
  dispense: string;
  version: number;
  /** "MedicationRequest/…", which can be dispensed again; absent: it was dispensed without. */
  prescription?: string;
  quantity: number; // units
  /** Units of the medication that are on the shelf now; absent: the pharmacy does not keep it. */
  left?: number;
}

/** Everything that other services may know about `pharmacy`. `at`: 409 AT_IN_FUTURE, AT_TOO_EARLY, LATE_REASON_MISSING. */
export const pharmacy = {
  /** Takes a delivery into stock. */
  receive: action<{ medication: Code; quantity: number; lot?: string } & Happened, Receipt>("pharmacy.receive"),
  /** Puts the stock right by so many units more or, below zero, less (broken, expired). @throws 409 STOCK_TOO_LOW */
  adjust: action<{ medication: Code; by: number; reason: string } & Happened, Adjustment>("pharmacy.adjust"),
  /** Sets the stock to what was counted on the shelf. @throws 409 STOCK_CHANGED while others take from it: count again */
  count: action<{ medication: Code; quantity: number; reason?: string }, Adjustment>("pharmacy.count"),
  /** The stock, or that of one medication; at most 1,000 items. */
  listStock: action<{ medication?: string }, StockItem[]>("pharmacy.listStock"),
  /**
   * `override`: why it is prescribed in spite of a severe allergy that is recorded. With `timing` its doses are due (`due`).
   * @throws 404 NOT_FOUND for an unknown patient or encounter; 409 ALLERGY_RECORDED, TIMING_IMPOSSIBLE
   */
  prescribe: action<
    {
      patient: string;
      encounter?: string;
      medication: Code;
      quantity: number;
      dosage: string;
      timing?: DoseTiming;
      dose?: Amount;
      route?: string;
      override?: string;
    } & Happened,
    Prescription
  >("pharmacy.prescribe"),
  /**
   * Hands out a prescribed medication, all of the quantity or nothing.
   * @throws 404 PRESCRIPTION_NOT_FOUND; 409 OUT_OF_STOCK, MORE_THAN_PRESCRIBED, PRESCRIPTION_NOT_ACTIVE
   */
  dispense: action<{ prescription: string; quantity: number } & Happened, Dispense>("pharmacy.dispense"),
  /**
   * Undoes a dispense that was never handed out: it is on the shelf again, its prescription as it was, and not charged.
   * @throws 404 DISPENSE_NOT_FOUND; 409 DISPENSE_NOT_COMPLETED, DISPENSE_CHANGED
   */
  void: action<{ dispense: string; reason: string }, VoidedDispense>("pharmacy.void"),
  /**
   * Takes back what was handed out and not used: it is on the shelf, may be dispensed again by the prescription, and is not charged.
   * @throws 404 DISPENSE_NOT_FOUND; 409 DISPENSE_NOT_COMPLETED, MORE_THAN_DISPENSED
   */
  return: action<{ dispense: string; quantity: number; reason?: string } & Happened, Return>("pharmacy.return"),
  /**
   * Doses that are due in a ward, or for one patient: those of the last twelve hours that nobody has noted, and those of the next minutes
   * (`aheadMinutes`, default 60). At most 2,000, in order of time.
   * @throws 409 WARD_OR_PATIENT_MISSING; 503 when who lies there is not known now
   */
  due: action<{ ward?: string; patient?: string; aheadMinutes?: number }, DueDose[]>("pharmacy.due"),
  /** How many doses of each of these patients are due by now; patients without are left out. */
  countDue: action<{ patients: string[] }, Record<string, number>>("pharmacy.countDue"),
  /**
   * Notes what became of a dose; of one that was given after a look at the five rights: `scanned` against patient and medication; dose, route
   * and time against the prescription, unless `override` says why not. Who has given it is who has signed in.
   * @throws 404 PRESCRIPTION_NOT_FOUND; 409 PRESCRIPTION_NOT_ACTIVE, DOSE_RECORDED, DOSE_NOT_DUE, DOSE_REASON_MISSING, WRONG_PATIENT,
   *         WRONG_MEDICATION, NOT_SCANNED, DOSE_DIFFERS, DOSE_OUT_OF_TIME
   */
  administer: action<
    {
      prescription: string;
      outcome: DoseOutcome;
      due?: string;
      dose?: Amount;
      route?: string;
      reason?: string;
      scanned?: Scanned;
      override?: string;
    } & Happened,
    Administration
  >("pharmacy.administer"),
  /** Takes back a record that was a mistake: the dose is due again. @throws 404 ADMINISTRATION_NOT_FOUND; 409 ADMINISTRATION_OVER, ADMINISTRATION_CHANGED */
  cancelAdministration: action<{ administration: string; reason: string }, Administration>("pharmacy.cancelAdministration"),
};
