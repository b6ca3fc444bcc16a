/** What is paid of a bill, and by which means. */

/** How somebody pays. */
export const Means = { cash: "cash", card: "card", transfer: "transfer", insurance: "insurance" } as const;
export type Means = (typeof Means)[keyof typeof Means];

/** Who took the money. */
export interface Cashier {
  /** "Practitioner/…"; absent: the account has no such record. */
  reference?: string;
  name?: string;
}

/** Money that came in for a bill, or went out for a credit note: a FHIR PaymentReconciliation. It stays as it is; what was wrong is taken back by another. */
export interface Payment {
  /** "PaymentReconciliation/…" */
  payment: string;
  /** Of its receipt: the year and the count of the year, for people. */
  number: string;
  invoice: string; // "Invoice/…"
  /** In the smallest unit of the currency; below zero for what goes out: paid back, or taken back. */
  cents: number;
  currency: string; // ISO 4217
  means: Means;
  /** Of a card's slip, a transfer, a policy. */
  reference?: string;
  cashier?: Cashier;
  paidAt: string; // ISO 8601, UTC
  /** "PaymentReconciliation/…" that it takes back, and why. */
  takesBack?: string;
  reason?: string;
}

/** What came of a payment. */
export interface Paid extends Payment {
  /** What the bill still asks for, in the smallest unit; of a credit note: what is still to be paid back. */
  left: number;
}

/** What a bill asks for, and what is left of it, in the smallest unit. */
export interface InvoiceBalance {
  invoice: string;
  cents: number;
  /** What is still to be paid; of a credit note: paid back. */
  left: number;
  /** What credit notes take off a bill; of a credit note: what of it is set off against its bill. */
  credited: number;
  currency: string;
}

/** What a bill asks for, and what was paid of it. */
export interface Account extends InvoiceBalance {
  /** "ChargeItem/…" of the bill that are credited: each is once. */
  creditedCharges: string[];
  /** The first comes first. */
  payments: Payment[];
}

/** What one cashier took by one means, in one currency. */
export interface CashSum {
  cashier?: Cashier;
  means: Means;
  currency: string;
  /** Payments, and those that were taken back. */
  count: number;
  takenBack: number;
  /** What came in less what went out. */
  cents: number;
}

/** The cash desk's day by the hospital's clocks. */
export interface CashReport {
  day: string; // YYYY-MM-DD
  sums: CashSum[];
  /** The first comes first. */
  payments: Payment[];
}
