import type { Code } from "../../fhir/code.ts";
import { action } from "../../mesh/contract.ts";
import type { Happened } from "../../mesh/happened-contract.ts";
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

/** One thing to pay for: a FHIR ChargeItem. */
export interface Charge {
  /** "ChargeItem/…" */
  charge: string;
  encounter: string; // "Encounter/…"
  text: string;
  /** In the smallest unit of the currency (ISO 4217: EUR has two decimals, JPY none, TND three), so that sums are exact. */
  cents: number;
  currency: string; // ISO 4217
}

/** What one unit of an act costs: a FHIR ChargeItemDefinition. A visit is charged by its class (v3-ActCode), a stay too, for each day. */
export interface Price {
  /** "ChargeItemDefinition/…", always the same for one code. */
  definition: string;
  code: Code;
  cents: number;
  currency: string; // ISO 4217
}

/** The bill of a visit or stay: a FHIR Invoice. */
export interface Bill {
  /** "Invoice/…" */
  invoice: string;
  version: number;
  patient: string; // "Patient/…"
  encounter: string; // "Encounter/…"
  cents: number;
  currency: string; // ISO 4217
  charges: string[];
  /** Open charges that had no place on this bill: the next one takes them. */
  left: number;
  issuedAt: string; // ISO 8601, UTC
}

/** A bill that was taken back: its charges are open again, as far as their acts were done. */
export interface CancelledBill {
  /** "Invoice/…" */
  invoice: string;
  version: number;
  /** "ChargeItem/…", those that are open again. */
  charges: string[];
}

/** What a bill asks for too much: a FHIR Invoice whose amounts are below zero. */
export interface CreditNote {
  /** "Invoice/…" */
  creditNote: string;
  /** "Invoice/…", of which something is taken back. */
  invoice: string;
  cents: number;
  currency: string; // ISO 4217
  charges: string[];
  issuedAt: string; // ISO 8601, UTC
}

/** Everything that other services may know about `billing`. `at`: 409 AT_IN_FUTURE, AT_TOO_EARLY, LATE_REASON_MISSING. */
export const billing = {
  /** Notes something to pay for. @throws 404 NOT_FOUND for an unknown encounter */
  charge: action<{ encounter: string; text: string; cents: number; currency: string } & Happened, Charge>("billing.charge"),
  /**
   * Bills the open charges of an ended visit or stay, the oldest 1,000; `left` says how many wait for the next bill. No charge is ever on two bills.
   * @throws 404 NOT_FOUND, 409 ENCOUNTER_NOT_ENDED, NOTHING_TO_INVOICE, SEVERAL_CURRENCIES, CHARGES_CHANGED
   */
  invoice: action<{ encounter: string }, Bill>("billing.invoice"),
  /**
   * Takes a bill back, or a credit note. The charges of a bill are open again, and follow their acts again.
   * @throws 404 INVOICE_NOT_FOUND; 409 INVOICE_NOT_IN_FORCE, INVOICE_CREDITED, INVOICE_PARTLY_PAID, INVOICE_CHANGED
   */
  cancelInvoice: action<{ invoice: string; reason: string }, CancelledBill>("billing.cancelInvoice"),
  /**
   * Credits charges of a bill, all or those that are named, each once; they stay billed. What is credited is set off against what the bill still
   * asks for; what was paid too much by it is paid back by `pay` of the credit note.
   * @throws 404 INVOICE_NOT_FOUND; 409 INVOICE_NOT_IN_FORCE, NOT_ON_INVOICE, CHARGE_CREDITED, NOTHING_TO_CREDIT, INVOICE_CHANGED
   */
  creditNote: action<{ invoice: string; charges?: string[]; reason: string }, CreditNote>("billing.creditNote"),
  /**
   * Notes that a bill is paid, all of it or a part; of a credit note that it is paid back, as far as it is not set off against its bill. When
   * nothing is left the bill is balanced.
   * @throws 404 INVOICE_NOT_FOUND; 409 INVOICE_NOT_IN_FORCE, INVOICE_PAID, PAID_TOO_MUCH, INVOICE_CHANGED
   */
  pay: action<{ invoice: string; cents: number; means: Means; reference?: string } & Happened, Paid>("billing.pay"),
  /** Takes a payment back by another one of the same means. @throws 404 PAYMENT_NOT_FOUND, INVOICE_NOT_FOUND; 409 PAYMENT_TAKEN_BACK, INVOICE_CHANGED */
  takeBack: action<{ payment: string; reason: string }, Paid>("billing.takeBack"),
  /** What a bill asks for, and its payments. @throws 404 INVOICE_NOT_FOUND */
  listPayments: action<{ invoice: string }, Account>("billing.listPayments"),
  /** What is left of bills and credit notes, at most 200; those that there are. */
  listBalances: action<{ invoices: string[] }, InvoiceBalance[]>("billing.listBalances"),
  /** What came in and went out on a day (YYYY-MM-DD) by the hospital's clocks; absent: today. At most 10,000 payments. */
  cashReport: action<{ day?: string }, CashReport>("billing.cashReport"),
  /**
   * From now on acts with this code are charged: visits that end, stays that end, results and dispenses. What is charged already stays as it is.
   * @throws 409 PRICE_CHANGED when others set it at the same moment
   */
  setPrice: action<{ code: Code; cents: number; currency: string }, Price>("billing.setPrice"),
  /** The price list; at most 10,000 prices. */
  listPrices: action<Record<string, never>, Price[]>("billing.listPrices"),
};
