/** Invoices with their patients and what was paid of them. */
import type { Invoice, PaymentReconciliation } from "../../../../../fhir/r4.ts";
import { type Joined, searchWithPatients, type WithPatient } from "../../parts/joined.ts";
import { Refused, search } from "../../platform/api.ts";
import { unitsOf } from "../../platform/money.ts";
import { sumOf } from "./open.ts";

/** System of the identifier by which a payment names its invoice. */
const PAYS = "urn:openward:paid-invoice";
/** Payments of the invoices of one page. */
const MOST_PAYMENTS = "1000";

/** An invoice with its patient, and what is still to be paid where something was. */
export interface Bill extends WithPatient<Invoice> {
  /** In the smallest unit; absent: nothing was paid yet, or it is not known. */
  left?: number;
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

/** Payments by the invoice that they are of; of who may not see them none. */
async function paymentsOf(invoices: Invoice[]): Promise<Map<string, PaymentReconciliation[]>> {
  if (invoices.length === 0) return new Map();
  const identifier = invoices.map(({ id }) => `${PAYS}|Invoice/${id}`).join(",");
  const { resources } = await search<PaymentReconciliation>("PaymentReconciliation", {
    identifier,
    status: "active",
    _count: MOST_PAYMENTS,
  }).catch((error: unknown) => {
    if (error instanceof Refused && error.status === 403) return { resources: [] };
    throw error;
  });
  return Map.groupBy(resources, ({ identifier: all = [] }) => all.find(({ system }) => system === PAYS)?.value ?? "");
}

/** @param query which invoices */
export async function bills(query: Record<string, string>): Promise<Joined<Invoice> & { all: Bill[] }> {
  const { all, isPartial } = await searchWithPatients<Invoice>("Invoice", query);
  const payments = await paymentsOf(all.map(({ of }) => of).filter(({ status }) => status === "issued"));
  const withLeft = all.map((one): Bill => {
    const paid = payments.get(`Invoice/${one.of.id}`) ?? [];
    const { value, currency } = askedBy(one.of);
    const left = paid.reduce((rest, { paymentAmount }) => rest - unitsOf(paymentAmount.value ?? 0, currency), unitsOf(value, currency));
    return left === unitsOf(value, currency) ? one : { ...one, left: Math.abs(left) };
  });
  return { all: withLeft, isPartial };
}
