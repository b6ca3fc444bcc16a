import type { Code } from "../../fhir/code.ts";
import { action } from "../../mesh/contract.ts";
import type { OccurrenceTime } from "../../mesh/occurrence-time-contract.ts";
import type { SeenVersion } from "../../mesh/seen-version-contract.ts";
import type { Account, CashReport, InvoiceBalance, Means, Paid } from "./payments.contract.ts";

export type { Code };

/** The FHIR types that this service owns. */
export const owns = [
  "Account",
  "ChargeItem",
  "ChargeItemDefinition",
  "Claim",
  "ClaimResponse",
  "Contract",
  "Coverage",
  "CoverageEligibilityRequest",
  "CoverageEligibilityResponse",
  "EnrollmentRequest",
  "EnrollmentResponse",
  "ExplanationOfBenefit",
  "InsurancePlan",
  "Invoice",
  "PaymentNotice",
  "PaymentReconciliation",
];

/** Types of which each version is an event, `fhir.TYPE`. */
export const emits = ["Invoice"];

/** A charge: a FHIR ChargeItem. */
export interface Charge {
  /** "ChargeItem/…" */
  charge: string;
  encounter: string; // "Encounter/…"
  text: string;
  /** In the minor unit of the currency (ISO 4217: EUR has two decimals, JPY none, TND three), so that sums are exact. */
  cents: number;
  currency: string; // ISO 4217
}

/** The price of one unit of an act: a FHIR ChargeItemDefinition. A visit is charged by its class (v3-ActCode); a stay too, per day. */
export interface Price {
  /** "ChargeItemDefinition/…", always the same for a code. */
  definition: string;
  version: number;
  code: Code;
  /** In the minor unit of the currency; not whole if FHIR gives a finer price: 0.0125 EUR a tablet are 1.25. The charge for all units is whole. */
  cents: number;
  currency: string; // ISO 4217
}

/** The bill of a visit or stay: a FHIR Invoice. */
export interface Bill {
  /** "Invoice/…" */
  invoice: string;
  version: number;
  patient: string; // "Patient/…"
  /** "Encounter/…"; absent on a bill of what belongs to none. */
  encounter?: string;
  cents: number;
  currency: string; // ISO 4217
  charges: string[];
  /** Number of open charges that did not fit on this bill, and go on the next one. */
  left: number;
  issuedAt: string; // ISO 8601, UTC
}

/** A cancelled bill: its charges are open again, if their acts were done. */
export interface CancelledBill {
  /** "Invoice/…" */
  invoice: string;
  version: number;
  /** "ChargeItem/…": the charges that are open again. */
  charges: string[];
}

/** A credit note: a FHIR Invoice with negative amounts. */
export interface CreditNote {
  /** "Invoice/…" */
  creditNote: string;
  /** "Invoice/…", which it credits. */
  invoice: string;
  cents: number;
  currency: string; // ISO 4217
  charges: string[];
  issuedAt: string; // ISO 8601, UTC
}

/** A charge on an Invoice in force that its act, as it is now, no longer agrees with. */
export interface OutdatedCharge {
  invoice: string; // "Invoice/…"
  charge: string; // "ChargeItem/…"
  /** "Encounter/…", "Observation/…" or "MedicationDispense/…" */
  act: string;
  text: string;
  /**
   * `quantity`: more or less of it was done (a longer stay, a returned part of a dispense); `other`: it was corrected to another code;
   * `undone`: it is not to be charged; `unfinished`: the visit or stay goes on.
   */
  change: "quantity" | "other" | "undone" | "unfinished";
  /** The quantity on the bill, and that of the act now; 0 for what is not to be charged now. */
  billed: number;
  present: number;
  /** UCUM; absent: without unit. */
  unit?: string;
  /** What the act costs now, less what was billed, in the minor unit; absent: not known yet, or in another currency. */
  cents?: number;
  currency: string; // ISO 4217
}

/** What has changed since it was billed. */
export interface OutdatedCharges {
  charges: OutdatedCharge[];
  /** "Invoice/…": those of which not everything is known now: a service is down, or there was too much to compare. */
  unknown: string[];
}

/** Everything that other services may know about `billing`. `at`: 409 AT_IN_FUTURE, AT_TOO_EARLY, LATE_REASON_MISSING. */
export const billing = {
  /** Adds a charge. @throws 404 NOT_FOUND for an unknown encounter */
  charge: action<{ encounter: string; text: string; cents: number; currency: string } & OccurrenceTime, Charge>("billing.charge"),
  /**
   * Bills the open charges of an ended visit or stay, the oldest 1,000; `left` is the number that waits for the next bill. No charge is ever on two bills.
   * `cents`: the sum that was read; a bill of another sum is not made (CHARGES_CHANGED).
   * @throws 404 NOT_FOUND, 409 ENCOUNTER_NOT_ENDED, NOTHING_TO_INVOICE, PRICE_MISSING (names the charges), SEVERAL_CURRENCIES, CHARGES_CHANGED
   */
  invoice: action<{ encounter: string; cents?: number }, Bill>("billing.invoice"),
  /**
   * Bills the open charges of a patient that belong to no encounter: what was handed out or measured without a visit. As `invoice` otherwise.
   * @throws 404 NOT_FOUND, 409 NOTHING_TO_INVOICE, PRICE_MISSING, SEVERAL_CURRENCIES, CHARGES_CHANGED
   */
  invoicePatient: action<{ patient: string; cents?: number }, Bill>("billing.invoicePatient"),
  /**
   * Cancels a bill or a credit note. The charges of a bill are open again, and follow their acts again.
   * @throws 404 INVOICE_NOT_FOUND; 409 INVOICE_NOT_IN_FORCE, INVOICE_CREDITED, INVOICE_PARTLY_PAID, INVOICE_CHANGED
   */
  cancelInvoice: action<{ invoice: string; reason: string }, CancelledBill>("billing.cancelInvoice"),
  /**
   * Credits charges of a bill, all or the given ones, each once; they stay billed. The credit reduces the amount due; an amount that was
   * already paid is refunded by `pay` of the credit note.
   * @throws 404 INVOICE_NOT_FOUND; 409 INVOICE_NOT_IN_FORCE, NOT_ON_INVOICE, CHARGE_CREDITED, NOTHING_TO_CREDIT, INVOICE_CHANGED
   */
  creditNote: action<{ invoice: string; charges?: string[]; reason: string }, CreditNote>("billing.creditNote"),
  /**
   * Records a payment of a bill, in full or in part; for a credit note a refund, as far as the credit is not set off against its bill. A bill with
   * nothing due is balanced.
   * @throws 404 INVOICE_NOT_FOUND; 409 INVOICE_NOT_IN_FORCE, INVOICE_PAID, PAID_TOO_MUCH, INVOICE_CHANGED
   */
  pay: action<{ invoice: string; cents: number; means: Means; reference?: string } & OccurrenceTime, Paid>("billing.pay"),
  /** Reverses a payment by another one of the same means. @throws 404 PAYMENT_NOT_FOUND, INVOICE_NOT_FOUND; 409 PAYMENT_TAKEN_BACK, INVOICE_CHANGED */
  takeBack: action<{ payment: string; reason: string }, Paid>("billing.takeBack"),
  /** The amount of a bill, and its payments. @throws 404 INVOICE_NOT_FOUND */
  listPayments: action<{ invoice: string }, Account>("billing.listPayments"),
  /** The amounts due of bills and credit notes, at most 200; unknown ones are left out. */
  listBalances: action<{ invoices: string[] }, InvoiceBalance[]>("billing.listBalances"),
  /**
   * Charges of bills in force that no longer agree with their acts, at most 50 bills and 5,000 charges. Charges made by hand, and credited ones,
   * are left out, and so are unknown bills. Cancelling the bill brings its charges up to date.
   */
  listOutdated: action<{ invoices: string[] }, OutdatedCharges>("billing.listOutdated"),
  /** The payments of a day (YYYY-MM-DD) by the hospital's clocks; absent: today. At most 10,000 payments. */
  cashReport: action<{ day?: string }, CashReport>("billing.cashReport"),
  /**
   * Sets a price: from now on acts with this code are charged (visits and stays that end, results and dispenses). Existing charges do not change.
   * `version`: that of the price that was read (0: there was none), so that a later change by others is not overwritten unseen.
   * @throws 409 PRICE_CHANGED when others have set it since, or set it at the same moment
   */
  setPrice: action<{ code: Code; cents: number; currency: string } & SeenVersion, Price>("billing.setPrice"),
  /** The price list; at most 10,000 prices. */
  listPrices: action<Record<string, never>, Price[]>("billing.listPrices"),
};
