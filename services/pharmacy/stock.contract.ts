/** Types of the stock by place and lot; a part of the pharmacy's contract. */
import type { Code } from "../../fhir/code.ts";

export type { Code };

/** The stock of a medication. It is the pharmacy's own data; its movements are FHIR resources. */
export interface StockItem {
  medication: Code;
  quantity: number; // units, 0 or more, of all lots
  /** Unit of the quantity, "tablet"; absent: no movement has named one. */
  unit?: string;
}

/** A part of the stock. */
export interface Where {
  /** "Location/…" of a dispensary or a ward's store; absent: the pharmacy's default place. */
  place?: string;
  /** Lot number as on the package. */
  lot?: string;
}

/** Units of one lot at one place. */
export interface LotUnits {
  /** "" for units that were received without a lot. */
  lot: string;
  /** FHIR date; absent: unknown. */
  expires?: string;
  /** "Location/…"; absent: the default place. */
  place?: string;
  quantity: number; // units
}

/** One lot at one place, and whether it can be used. */
export interface StockOfLot extends LotUnits {
  medication: Code;
  /** Absent: it can be dispensed. */
  unusable?: "expired" | "blocked";
}

/** One stock movement: units of a lot at a place, negative if taken. */
export interface StockMovement extends LotUnits {
  /** A correction is a count, a find, a breakage or a disposal; a dose was given from a ward's stock. */
  kind: "delivery" | "transfer" | "correction" | "dispense" | "dose";
  at: string; // ISO 8601
  /** The resource of the movement: "SupplyDelivery/…", "MedicationDispense/…", "MedicationAdministration/…" */
  record: string;
  /** The given reason of corrections and transfers. */
  reason?: string;
}

/** The reorder level of a medication at a place, and its stock there. */
export interface ReorderLevel {
  medication: Code;
  /** "Location/…"; absent: the default place. */
  place?: string;
  level: number; // units; above 0
  /** Usable units there: neither expired nor blocked. */
  quantity: number;
  /** Whether it is to be ordered: the stock is not above `level`. */
  isBelow: boolean;
}

/** The lots to take, the first to expire first. */
export interface LotProposal {
  lots: LotUnits[];
  /** Units that are not in stock. */
  missing: number;
}

/** A transfer between two places: a FHIR SupplyDelivery. */
export interface StockTransfer {
  /** "SupplyDelivery/…" */
  delivery: string;
  quantity: number; // units
  /** The lots at the place of origin. */
  lots: LotUnits[];
  /** The stock at the destination afterwards. */
  stock: StockItem;
}

/** A lot that is blocked, or usable again: a FHIR Medication with `batch`, which is inactive while it is blocked. */
export interface LotState {
  /** "Medication/…" */
  record: string;
  version: number;
  medication: Code;
  lot: string;
  isBlocked: boolean;
}
