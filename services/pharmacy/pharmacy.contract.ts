import { action } from "../../mesh/contract.ts";
import type { Happened } from "../../mesh/happened-contract.ts";
import type { Administration, Amount, DoseRecord, DoseTiming, DueDose } from "./doses.contract.ts";
import type {
  Code,
  LotProposal,
  LotState,
  LotUnits,
  ReorderLevel,
  StockItem,
  StockMovement,
  StockOfLot,
  StockTransfer,
  Where,
} from "./stock.contract.ts";

export type * from "./stock.contract.ts";

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
  /** Units of the medication that are left on the shelf, of all lots. */
  left: number;
  dispensedAt: string; // ISO 8601, UTC
  /** What was taken. */
  lots: LotUnits[];
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
  /**
   * Takes a delivery into stock. `expires` (a FHIR date) is of the lot; `unit`: what the quantity is a number of, absent: of the stock's unit.
   * @throws 404 NOT_FOUND for an unknown place; 409 LOT_DIFFERS, LOT_MISSING; 422 by its rule for another unit
   */
  receive: action<{ medication: Code; quantity: number; unit?: string; expires?: string } & Where & Happened, Receipt>("pharmacy.receive"),
  /**
   * Puts the stock right by so many units more or, below zero, less (broken, expired): of the lot, or of the first to expire.
   * @throws 404 NOT_FOUND for an unknown place; 409 STOCK_TOO_LOW
   */
  adjust: action<{ medication: Code; by: number; reason: string } & Where & Happened, Adjustment>("pharmacy.adjust"),
  /** Sets the stock of a place, or of a lot there, to what was counted. @throws 409 STOCK_CHANGED while others take from it: count again */
  count: action<{ medication: Code; quantity: number; reason?: string } & Where, Adjustment>("pharmacy.count"),
  /** The stock of all places and lots, or that of one medication; at most 1,000 items. */
  listStock: action<{ medication?: string }, StockItem[]>("pharmacy.listStock"),
  /** What is there by medication, place and lot, without what is used up; at most 1,000 lots, the first to expire first. `place`: "default" is the default one. */
  listLots: action<{ medication?: string; place?: string }, StockOfLot[]>("pharmacy.listLots"),
  /** Lots that are there and expire within so many days (default 30), or have; at most 1,000. */
  expiring: action<{ days?: number; place?: string }, StockOfLot[]>("pharmacy.expiring"),
  /**
   * Sets from which stock on a medication is ordered at a place; 0: it is not watched there. An absent place is the default one.
   * `seen`: the level that was read (0: none); where others have set another since, nothing is stored (REORDER_LEVEL_CHANGED).
   * @throws 404 NOT_FOUND for an unknown place; 409 REORDER_LEVEL_CHANGED
   */
  setReorderLevel: action<{ medication: Code; level: number; place?: string; seen?: number }, ReorderLevel>("pharmacy.setReorderLevel"),
  /** The levels of all, or of one medication (system|code), the emptiest shelf first; `isBelow`: only what is to be ordered. At most 1,000, of 5,000 levels. */
  listReorderLevels: action<{ medication?: string; isBelow?: boolean }, ReorderLevel[]>("pharmacy.listReorderLevels"),
  /** What has moved the stock of a medication (system|code), the latest first; at most 200. Of what was handed out: what patients have kept. */
  listMovements: action<{ medication: string }, StockMovement[]>("pharmacy.listMovements"),
  /** Which lots a dispense without a lot would take. `medication`: system|code. */
  proposeLot: action<{ medication: string; quantity: number; place?: string }, LotProposal>("pharmacy.proposeLot"),
  /**
   * Moves stock from one place to another, of the lot or of the first to expire; an absent place is the default one.
   * @throws 404 NOT_FOUND for an unknown place; 409 STOCK_TOO_LOW, SAME_PLACE
   */
  transfer: action<
    { medication: Code; quantity: number; from?: string; to?: string; lot?: string; reason?: string } & Happened,
    StockTransfer
  >("pharmacy.transfer"),
  /** Keeps a lot from being dispensed (recalled, damaged), wherever it lies. @throws 409 LOT_CHANGED */
  blockLot: action<{ medication: Code; lot: string; reason: string }, LotState>("pharmacy.blockLot"),
  /** @throws 409 LOT_NOT_BLOCKED, LOT_CHANGED */
  releaseLot: action<{ medication: Code; lot: string; reason: string }, LotState>("pharmacy.releaseLot"),
  /**
   * `override`: why it is prescribed in spite of a severe allergy that is recorded. With `timing` its doses are due (`due`).
   * `continues`: what the patient has taken before and goes on taking by it, a MedicationStatement; the prescription names it in its
   * `supportingInformation`.
   * @throws 404 NOT_FOUND for an unknown patient or encounter, STATEMENT_NOT_FOUND; 409 ALLERGY_RECORDED, TIMING_IMPOSSIBLE
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
      continues?: string;
      override?: string;
    } & Happened,
    Prescription
  >("pharmacy.prescribe"),
  /**
   * Hands out a prescribed medication, all of the quantity or nothing: of the lot, or of the first to expire.
   * @throws 404 PRESCRIPTION_NOT_FOUND; 409 OUT_OF_STOCK, MORE_THAN_PRESCRIBED, PRESCRIPTION_NOT_ACTIVE, LOT_EXPIRED, LOT_BLOCKED
   */
  dispense: action<{ prescription: string; quantity: number } & Where & Happened, Dispense>("pharmacy.dispense"),
  /**
   * Undoes a dispense that was never handed out: it is on the shelf again, its prescription as it was, and not charged.
   * @throws 404 DISPENSE_NOT_FOUND; 409 DISPENSE_NOT_COMPLETED, DISPENSE_CHANGED
   */
  void: action<{ dispense: string; reason: string }, VoidedDispense>("pharmacy.void"),
  /**
   * Takes back what was handed out and not used: it is on the shelf of its lot (of the lot that was taken last, where none is named), may be
   * dispensed again by the prescription, and is not charged.
   * @throws 404 DISPENSE_NOT_FOUND; 409 DISPENSE_NOT_COMPLETED, MORE_THAN_DISPENSED
   */
  return: action<{ dispense: string; quantity: number; reason?: string; lot?: string } & Happened, Return>("pharmacy.return"),
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
   * and time against the prescription, unless `override` says why not. Who has given it is who has signed in. `fromStock`: it was taken of a
   * ward's store, not dispensed before.
   * @throws 404 PRESCRIPTION_NOT_FOUND; 409 PRESCRIPTION_NOT_ACTIVE, DOSE_RECORDED, DOSE_NOT_DUE, DOSE_REASON_MISSING, WRONG_PATIENT,
   *         WRONG_MEDICATION, NOT_SCANNED, DOSE_DIFFERS, DOSE_OUT_OF_TIME, OUT_OF_STOCK, LOT_EXPIRED, LOT_BLOCKED
   */
  administer: action<{ prescription: string } & DoseRecord & Happened, Administration>("pharmacy.administer"),
  /** Takes back a record that was a mistake: the dose is due again. @throws 404 ADMINISTRATION_NOT_FOUND; 409 ADMINISTRATION_OVER, ADMINISTRATION_CHANGED */
  cancelAdministration: action<{ administration: string; reason: string }, Administration>("pharmacy.cancelAdministration"),
};
