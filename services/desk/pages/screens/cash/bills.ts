/** Invoices with their patients and balances, and what has changed since. */
import type { Invoice } from "../../../../../fhir/r4.ts";
import type { billing as billingContract, OutdatedCharge } from "../../../../billing/billing.contract.ts";
import type { InvoiceBalance } from "../../../../billing/payments.contract.ts";
import { type Joined, searchWithPatients, type WithPatient } from "../../parts/joined.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { moneyOf } from "../../platform/shown-values.ts";
import { sumOf } from "./open.ts";

const billing = actionsOf<typeof billingContract>("billing");

/** Invoices in one request for balances. */
const MAX_BALANCES = 200;

/** An invoice with its patient and balance. */
export interface Bill extends WithPatient<Invoice> {
  /** Absent: nothing is due, or it is unknown. */
  balance?: InvoiceBalance;
}

/** The amount of an invoice. */
export const askedBy = ({ totalGross, totalNet }: Invoice): { value: number; currency: string } => {
  const { value = 0, currency = "EUR" } = totalGross ?? totalNet ?? {};
  return { value, currency };
};

/** The amount of an invoice as text. */
export const totalOf = (invoice: Invoice): string => sumOf([askedBy(invoice).value], askedBy(invoice).currency);

/** Whether it is a credit note, whose amount is negative. */
export const isCredit = (invoice: Invoice): boolean => askedBy(invoice).value < 0;

/** Balances of invoices, by reference; none if the person may not see them. */
async function balancesOf(invoices: Invoice[]): Promise<Map<string, InvoiceBalance>> {
  const references = invoices.map(({ id }) => `Invoice/${id}`);
  const parts = Array.from({ length: Math.ceil(references.length / MAX_BALANCES) }, (_, part) =>
    billing.listBalances({ invoices: references.slice(part * MAX_BALANCES, (part + 1) * MAX_BALANCES) }),
  );
  const found = await Promise.all(parts).catch((error: unknown) => {
    if (error instanceof Refused && error.status === 403) return [];
    throw error;
  });
  return new Map(found.flat().map((one) => [one.invoice, one]));
}

/** What has changed since bills were made. */
export interface Changes {
  /** By reference of the bill. */
  of: Map<string, OutdatedCharge[]>;
  /** It is not known of all of them. */
  isPartial: boolean;
  /** The bills that were compared. */
  compared: string;
}

/** Bills that one request compares. */
const MAX_COMPARED = 50;

/** @param bills references of bills in force */
export async function changesOf(bills: string[]): Promise<Changes> {
  const found: OutdatedCharge[] = [];
  let isPartial = false;
  // One after the other: each asks several services.
  for (let from = 0; from < bills.length; from += MAX_COMPARED) {
    const { charges, unknown } = await billing.listOutdated({ invoices: bills.slice(from, from + MAX_COMPARED) });
    found.push(...charges);
    isPartial ||= unknown.length > 0;
  }
  return { of: Map.groupBy(found, ({ invoice }) => invoice), isPartial, compared: bills.join() };
}

/** References of those that are bills in force. */
export const inForce = (all: Bill[]): string[] =>
  all.flatMap(({ of }) => (["issued", "balanced"].includes(of.status) && !isCredit(of) ? [`Invoice/${of.id}`] : []));

/** @param query selects the invoices */
export async function bills(query: Record<string, string>): Promise<Joined<Invoice> & { all: Bill[] }> {
  const { all, isPartial } = await searchWithPatients<Invoice>("Invoice", query);
  const balances = await balancesOf(all.map(({ of }) => of).filter(({ status }) => status === "issued"));
  const withBalance = all.map((one): Bill => {
    const balance = balances.get(`Invoice/${one.of.id}`);
    return balance ? { ...one, balance } : one;
  });
  return { all: withBalance, isPartial };
}

/** The amount due of a partly paid or credited bill, as text. */
export function leftOf({ balance }: Bill): string | undefined {
  if (!balance || balance.left === Math.abs(balance.cents)) return undefined;
  return moneyOf(balance.left, balance.currency);
}
