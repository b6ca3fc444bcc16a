import { action } from "../../mesh/contract.ts";

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

/** Everything that other services may know about `billing`. */
export const billing = {
  /** Notes something to pay for. @throws 404 NOT_FOUND for an unknown encounter */
  charge: action<{ encounter: string; text: string; cents: number; currency: string }, Charge>("billing.charge"),
  /**
   * Bills the open charges of an ended visit or stay, the oldest 1,000; `left` says how many wait for the next bill. No charge is ever on two bills.
   * @throws 404 NOT_FOUND, 409 ENCOUNTER_NOT_ENDED, NOTHING_TO_INVOICE, SEVERAL_CURRENCIES, CHARGES_CHANGED
   */
  invoice: action<{ encounter: string }, Bill>("billing.invoice"),
};
