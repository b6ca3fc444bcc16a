/** Payments of bills. */

/** Means of payment. */
export const Means = { cash: "cash", card: "card", transfer: "transfer", insurance: "insurance" } as const;
export type Means = (typeof Means)[keyof typeof Means];

/** The person who took the payment. */
export interface Cashier {
  /** "Practitioner/…"; absent: the account has none. */
  reference?: string;
  name?: string;
}

/** A payment of a bill, or a refund of a credit note: a FHIR PaymentReconciliation. It is never changed; a mistake is reversed by another one. */
export interface Payment {
  /** "PaymentReconciliation/…" */
  payment: string;
  /** Receipt number: the year and a serial number of the year. */
  number: string;
  invoice: string; // "Invoice/…"
  /** In the minor unit of the currency; negative for refunds and reversals. */
  cents: number;
  currency: string; // ISO 4217
  means: Means;
  /** Number of a card slip, a transfer or a policy. */
  reference?: string;
  cashier?: Cashier;
  paidAt: string; // ISO 8601, UTC
  /** "PaymentReconciliation/…" that it reverses, and the reason. */
  takesBack?: string;
  reason?: string;
}

/** The result of a payment. */
export interface Paid extends Payment {
  /** The amount still due, in the minor unit; for a credit note: still to be refunded. */
  left: number;
}

/** The amount of a bill, and what is due, in the minor unit. */
export interface InvoiceBalance {
  invoice: string;
  cents: number;
  /** The amount due; for a credit note: to be refunded. */
  left: number;
  /** The credited amount of a bill; for a credit note: the part that is set off against its bill. */
  credited: number;
  currency: string;
}

/** The amount of a bill, with its payments. */
export interface Account extends InvoiceBalance {
  /** Charges of the bill that are credited, "ChargeItem/…", each once. */
  creditedCharges: string[];
  /** In order of time. */
  payments: Payment[];
}

/** The sum of a cashier's payments by one means, in one currency. */
export interface CashSum {
  cashier?: Cashier;
  means: Means;
  currency: string;
  /** Number of payments, and of reversals. */
  count: number;
  takenBack: number;
  /** Payments less refunds and reversals. */
  cents: number;
}

/** The report of the cash desk for a day by the hospital's clocks. */
export interface CashReport {
  day: string; // YYYY-MM-DD
  sums: CashSum[];
  /** In order of time. */
  payments: Payment[];
}
