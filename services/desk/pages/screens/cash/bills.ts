/** Invoices with their patients and what is left of them. */
import type { Invoice } from "../../../../../fhir/r4.ts";
import type { billing as billingContract } from "../../../../billing/billing.contract.ts";
import type { InvoiceBalance } from "../../../../billing/payments.contract.ts";
import { type Joined, searchWithPatients, type WithPatient } from "../../parts/joined.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { moneyOf } from "../../platform/names.ts";
import { sumOf } from "./open.ts";

const billing = actionsOf<typeof billingContract>("billing");

/** Invoices that are asked about at once. */
const MAX_BALANCES = 200;

/** An invoice with its patient, and how it stands. */
export interface Bill extends WithPatient<Invoice> {
  /** Absent: nothing of it is left, or it is not known. */
  balance?: InvoiceBalance;
}

/** What an invoice asks for. */
export const askedBy = ({ totalGross, totalNet }: Invoice): { value: number; currency: string } => {
  const { value = 0, currency = "EUR" } = totalGross ?? totalNet ?? {};
  return { value, currency };
};

/** What an invoice asks for, in words. */
export const totalOf = (invoice: Invoice): string => sumOf([askedBy(invoice).value], askedBy(invoice).currency);

/** Of a credit note it is below zero. */
export const isCredit = (invoice: Invoice): boolean => askedBy(invoice).value < 0;

/** How invoices stand, by reference; of who may not see it none. */
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

/** @param query which invoices */
export async function bills(query: Record<string, string>): Promise<Joined<Invoice> & { all: Bill[] }> {
  const { all, isPartial } = await searchWithPatients<Invoice>("Invoice", query);
  const balances = await balancesOf(all.map(({ of }) => of).filter(({ status }) => status === "issued"));
  const withBalance = all.map((one): Bill => {
    const balance = balances.get(`Invoice/${one.of.id}`);
    return balance ? { ...one, balance } : one;
  });
  return { all: withBalance, isPartial };
}

/** What is left of a bill where something was paid or credited of it, in words. */
export function leftOf({ balance }: Bill): string | undefined {
  if (!balance || balance.left === Math.abs(balance.cents)) return undefined;
  return moneyOf(balance.left, balance.currency);
}
