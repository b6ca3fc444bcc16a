import { action } from "../../mesh/contract.ts";
import type { OccurrenceTime } from "../../mesh/occurrence-time-contract.ts";
import type { SeenVersion } from "../../mesh/seen-version-contract.ts";
import type { Administration, Amount, DoseLimits, DoseRecord, DoseTiming, DueDose } from "./doses.contract.ts";
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

/** URL of an extension of a MedicationDispense, a decimal: the sum of returned units. */
export const RETURNED = "urn:openward:returned-quantity";

/** A received delivery: a FHIR SupplyDelivery. */
export interface Receipt {
  /** "SupplyDelivery/…" */
  delivery: string;
  stock: StockItem;
}

/** A correction of the stock: a FHIR SupplyDelivery to or from the pharmacy. */
export interface Adjustment {
  /** "SupplyDelivery/…"; absent: the recorded stock was right. */
  delivery?: string;
  /** Units more, or if negative less, than recorded. */
  by: number;
  stock: StockItem;
}

/** A prescription: a FHIR MedicationRequest. */
export interface Prescription {
  /** "MedicationRequest/…" */
  prescription: string;
  version: number;
  patient: string; // "Patient/…"
  medication: Code;
  quantity: number; // units that may be dispensed in all
  prescribedAt: string; // ISO 8601, UTC
}

/** A dispense: a FHIR MedicationDispense. */
export interface Dispense {
  /** "MedicationDispense/…" */
  dispense: string;
  prescription: string;
  quantity: number; // units
  /** Units of the medication that are left in stock, of all lots. */
  left: number;
  dispensedAt: string; // ISO 8601, UTC
  /** The lots that were taken. */
  lots: LotUnits[];
}

/** A return of dispensed units by a patient: a FHIR SupplyDelivery to the pharmacy. */
export interface Return {
  /** "SupplyDelivery/…" */
  delivery: string;
  dispense: string;
  quantity: number; // units
  /** Units of the dispense that have not been returned. */
  kept: number;
  /** Units of the medication in stock now; absent: the pharmacy does not stock it. */
  left?: number;
}

/** A dispense that was undone: its MedicationDispense is entered in error. */
export interface VoidedDispense {
  dispense: string;
  version: number;
  /** "MedicationRequest/…", which can be dispensed again; absent: there was none. */
  prescription?: string;
  quantity: number; // units
  /** Units of the medication in stock now; absent: the pharmacy does not stock it. */
  left?: number;
}

/** Everything that other services may know about `pharmacy`. `at`: 409 AT_IN_FUTURE, AT_TOO_EARLY, LATE_REASON_MISSING. */
export const pharmacy = {
  /**
   * Receives a delivery into stock. `expires` (a FHIR date) is the lot's; `unit`: the unit of the quantity, absent: the stock's.
   * @throws 404 NOT_FOUND for an unknown place; 409 LOT_DIFFERS, LOT_MISSING; 422 by its rule for another unit
   */
  receive: action<{ medication: Code; quantity: number; unit?: string; expires?: string } & Where & OccurrenceTime, Receipt>(
    "pharmacy.receive",
  ),
  /**
   * Corrects the stock by a number of units, negative for broken or expired ones: of the given lot, or of the first to expire.
   * @throws 404 NOT_FOUND for an unknown place; 409 STOCK_TOO_LOW
   */
  adjust: action<{ medication: Code; by: number; reason: string } & Where & OccurrenceTime, Adjustment>("pharmacy.adjust"),
  /**
   * Sets the stock of a place, or of a lot there, to a count. `seen`: the stock as it was read before the count; if it has changed since, nothing is
   * stored. @throws 409 STOCK_CHANGED, also while others take from it: count again
   */
  count: action<{ medication: Code; quantity: number; reason?: string; seen?: number } & Where, Adjustment>("pharmacy.count"),
  /** The stock over all places and lots, or that of one medication; at most 1,000 items. */
  listStock: action<{ medication?: string }, StockItem[]>("pharmacy.listStock"),
  /** The stock by medication, place and lot, without empty ones; at most 1,000 lots, the first to expire first. `place`: "default" is the default one. */
  listLots: action<{ medication?: string; place?: string }, StockOfLot[]>("pharmacy.listLots"),
  /** Lots in stock that expire within a number of days (default 30), or have expired; at most 1,000. */
  expiring: action<{ days?: number; place?: string }, StockOfLot[]>("pharmacy.expiring"),
  /**
   * Sets the reorder level of a medication at a place; 0: none. An absent place is the default one.
   * `seen`: the level that was read (0: none); if it has been changed since, nothing is stored (REORDER_LEVEL_CHANGED).
   * @throws 404 NOT_FOUND for an unknown place; 409 REORDER_LEVEL_CHANGED
   */
  setReorderLevel: action<{ medication: Code; level: number; place?: string; seen?: number }, ReorderLevel>("pharmacy.setReorderLevel"),
  /** Reorder levels, or those of one medication (system|code), the lowest stock first; `isBelow`: only what is to be ordered. At most 1,000, of 5,000 levels. */
  listReorderLevels: action<{ medication?: string; isBelow?: boolean }, ReorderLevel[]>("pharmacy.listReorderLevels"),
  /** The stock movements of a medication (system|code), the latest first; at most 200. Dispenses count without returned units. */
  listMovements: action<{ medication: string }, StockMovement[]>("pharmacy.listMovements"),
  /** The lots that a dispense without a given lot would take. `medication`: system|code. */
  proposeLot: action<{ medication: string; quantity: number; place?: string }, LotProposal>("pharmacy.proposeLot"),
  /**
   * Moves stock from one place to another, of the given lot or of the first to expire; an absent place is the default one.
   * @throws 404 NOT_FOUND for an unknown place; 409 STOCK_TOO_LOW, SAME_PLACE
   */
  transfer: action<
    { medication: Code; quantity: number; from?: string; to?: string; lot?: string; reason?: string } & OccurrenceTime,
    StockTransfer
  >("pharmacy.transfer"),
  /** Blocks a lot from being dispensed (recalled, damaged), at all places. @throws 409 LOT_CHANGED */
  blockLot: action<{ medication: Code; lot: string; reason: string }, LotState>("pharmacy.blockLot"),
  /** Unblocks a lot. @throws 409 LOT_NOT_BLOCKED, LOT_CHANGED */
  releaseLot: action<{ medication: Code; lot: string; reason: string }, LotState>("pharmacy.releaseLot"),
  /**
   * Prescribes a medication. `override`: the reason for doing so despite a recorded severe allergy. With `timing` its doses are due (`due`).
   * `continues`: a MedicationStatement of a medication that the patient has taken before, and continues by it; the prescription refers to it in
   * `supportingInformation`.
   * `asNeeded`, `asNeededFor`, `maxPerDay`: when and how much is given at most (`administer`). A `route` of `ROUTES` is stored with its code.
   * @throws 404 NOT_FOUND for an unknown patient or encounter, STATEMENT_NOT_FOUND; 409 ALLERGY_RECORDED, TIMING_IMPOSSIBLE, DOSE_MAXIMUM_IMPOSSIBLE
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
    } & DoseLimits &
      OccurrenceTime,
    Prescription
  >("pharmacy.prescribe"),
  /**
   * Dispenses a prescribed medication, the whole quantity or nothing: of the given lot, or of the first to expire. `version`: that of the
   * prescription that was read.
   * @throws 404 PRESCRIPTION_NOT_FOUND; 409 PRESCRIPTION_CHANGED, OUT_OF_STOCK, MORE_THAN_PRESCRIBED, PRESCRIPTION_NOT_ACTIVE, LOT_EXPIRED, LOT_BLOCKED
   */
  dispense: action<{ prescription: string; quantity: number } & Where & SeenVersion & OccurrenceTime, Dispense>("pharmacy.dispense"),
  /**
   * Undoes a dispense that was not handed out: the units are in stock again, the prescription is as before, and nothing is charged.
   * @throws 404 DISPENSE_NOT_FOUND; 409 DISPENSE_NOT_COMPLETED, DISPENSE_CHANGED
   */
  void: action<{ dispense: string; reason: string }, VoidedDispense>("pharmacy.void"),
  /**
   * Takes back unused units of a dispense: they are in the stock of their lot again (if none is given, of the one taken last), may be
   * dispensed again by the prescription, and are not charged.
   * @throws 404 DISPENSE_NOT_FOUND; 409 DISPENSE_NOT_COMPLETED, MORE_THAN_DISPENSED
   */
  return: action<{ dispense: string; quantity: number; reason?: string; lot?: string } & OccurrenceTime, Return>("pharmacy.return"),
  /**
   * Doses that are due in a ward, or for one patient: those of the last twelve hours without a record, and those of the next minutes
   * (`aheadMinutes`, default 60). At most 2,000, in order of time.
   * @throws 409 WARD_OR_PATIENT_MISSING; 503 when the ward's patients are unknown now
   */
  due: action<{ ward?: string; patient?: string; aheadMinutes?: number }, DueDose[]>("pharmacy.due"),
  /** The number of doses that are due by now, by patient; patients without any are left out. */
  countDue: action<{ patients: string[] }, Record<string, number>>("pharmacy.countDue"),
  /**
   * Records the outcome of a dose. For one that was given, the five rights are checked: `scanned` against patient and medication; dose, route
   * and time against the prescription, unless `override` gives a reason. The performer is the signed-in person. `fromStock`: it was taken from a
   * ward's stock, rather than dispensed before. `limitReason`: why it is given sooner, or more of it, than the prescription allows.
   * @throws 404 PRESCRIPTION_NOT_FOUND; 409 PRESCRIPTION_NOT_ACTIVE, DOSE_RECORDED, DOSE_NOT_DUE, DOSE_REASON_MISSING, WRONG_PATIENT,
   *         WRONG_MEDICATION, NOT_SCANNED, DOSE_DIFFERS, DOSE_OUT_OF_TIME, DOSE_TOO_EARLY, DOSE_OVER_MAXIMUM, OUT_OF_STOCK, LOT_EXPIRED, LOT_BLOCKED
   */
  administer: action<{ prescription: string } & DoseRecord & OccurrenceTime, Administration>("pharmacy.administer"),
  /** Undoes a record that was made by mistake: the dose is due again. @throws 404 ADMINISTRATION_NOT_FOUND; 409 ADMINISTRATION_OVER, ADMINISTRATION_CHANGED */
  cancelAdministration: action<{ administration: string; reason: string }, Administration>("pharmacy.cancelAdministration"),
};
