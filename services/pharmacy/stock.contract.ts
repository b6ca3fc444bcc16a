/** The stock by place and lot, as callers see it; a part of the pharmacy's contract. */
import type { Code } from "../../fhir/code.ts";

export type { Code };

/** How much of a medication is on the shelf. The stock is the pharmacy's own data; its movements are FHIR resources. */
export interface StockItem {
  medication: Code;
  quantity: number; // units, 0 or more, of all lots
  /** What it is a number of, "tablet"; absent: no movement has said so. */
  unit?: string;
}

/** Which part of the stock. */
export interface Where {
  /** "Location/…" of a dispensary or a ward's store; absent: the pharmacy's default place. */
  place?: string;
  /** As it stands on the package. */
  lot?: string;
}

/** Units of one lot at one place. */
export interface LotUnits {
  /** "" for what was received without one. */
  lot: string;
  /** FHIR date; absent: not known. */
  expires?: string;
  /** "Location/…"; absent: the default place. */
  place?: string;
  quantity: number; // units
}

/** One lot at one place, and whether it may be used. */
export interface StockOfLot extends LotUnits {
  medication: Code;
  /** Absent: it may be dispensed. */
  unusable?: "expired" | "blocked";
}

/** One movement of a shelf: of a lot at a place, units more or, below zero, less. */
export interface StockMovement extends LotUnits {
  /** A correction is what was counted, found, broken or thrown away; a dose was given of a ward's stock. */
  kind: "delivery" | "transfer" | "correction" | "dispense" | "dose";
  at: string; // ISO 8601
  /** The resource that bears it: "SupplyDelivery/…", "MedicationDispense/…", "MedicationAdministration/…" */
  record: string;
  /** As it was said, of corrections and transfers. */
  reason?: string;
}

/** From which stock on a medication is ordered at a place, and what is there. */
export interface ReorderLevel {
  medication: Code;
  /** "Location/…"; absent: the default place. */
  place?: string;
  level: number; // units; above 0
  /** Units there that may be used: neither expired nor blocked. */
  quantity: number;
  /** It is to be ordered: no more is there than `level`. */
  isBelow: boolean;
}

/** Which lots are to be taken, the first to expire first. */
export interface LotProposal {
  lots: LotUnits[];
  /** Units that are not there. */
  missing: number;
}

/** What was moved from one place to another: a FHIR SupplyDelivery. */
export interface StockTransfer {
  /** "SupplyDelivery/…" */
  delivery: string;
  quantity: number; // units
  /** As they lay at the place that they have left. */
  lots: LotUnits[];
  /** What is at the place now to which they have gone. */
  stock: StockItem;
}

/** A lot that is not to be used, or is again: a FHIR Medication with `batch`, which is inactive while it is blocked. */
export interface LotState {
  /** "Medication/…" */
  record: string;
  version: number;
  medication: Code;
  lot: string;
  isBlocked: boolean;
}
