import { numberOf } from "../../../fhir/json.ts";
import type { CodeableConcept, Extension, Invoice, Money, PaymentReconciliation } from "../../../fhir/r4.ts";
import { hospitalZone, shownAt } from "../../../fhir/time-zone.ts";
import { localReference } from "../../../federation/facts.ts";
import type { KeyOf } from "../../../mixins/fhir/rules/unique-keys.ts";
import { PAYMENT_TAKEN_BACK } from "../billing.errors.ts";
import { money, unitsIn } from "../../../fhir/minor-units.ts";
import type { Cashier, CashReport, CashSum, Means, Payment } from "../payments.contract.ts";

// Payments in FHIR, and their sums: plain data in, plain data out. No broker, no database, no clock.

/** Identifier system by which the payments of an Invoice are found: R4 has no search parameter for `detail.request`. */
export const PAYS = "urn:openward:paid-invoice";
/** System of the means of payment. */
const MEANS = "urn:openward:means-of-payment";
/** Elements of R5 as extensions in R4: the means of payment, and the person who took the payment. */
const METHOD = "http://hl7.org/fhir/5.0/StructureDefinition/extension-PaymentReconciliation.method";
const ENTERER = "http://hl7.org/fhir/5.0/StructureDefinition/extension-PaymentReconciliation.enterer";
/** URL of an extension: the payment that is reversed. */
const TAKES_BACK = "urn:openward:takes-back";
/** R4's code for a payment that is neither an adjustment nor an advance. */
const PAYMENT: CodeableConcept = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/payment-type", code: "payment" }] };

type WithId<Of> = Of & { id: string };

/** Prefix of the names of counters of payments. */
export const PAID = "paid/";
/** The counter of payments and credits of an Invoice, down from zero, in minor units; for a credit note of refunds. */
export const paidCounter = (invoice: string): string => PAID + invoice.slice("Invoice/".length);

/** Prefix of the names of counters of receipts, by year: a hospital with any takes its payments here. */
export const RECEIPTS = "receipt/";

const extensionOf = ({ extension }: { extension?: Extension[] | undefined }, url: string) => extension?.find((one) => one.url === url);

/** The reversed payment, `PaymentReconciliation/…`; undefined: it is no reversal. */
export const takenBackBy = (payment: PaymentReconciliation): string | undefined =>
  localReference(extensionOf(payment, TAKES_BACK)?.valueReference?.reference);

/** Unique keys: a payment can be reversed once. */
export function paymentKeys(payment: PaymentReconciliation): KeyOf[] {
  const taken = payment.status === "active" ? takenBackBy(payment) : undefined;
  if (taken === undefined) return [];
  const says = "The payment is taken back already: record a new payment if one was made.";
  return [{ key: `taken-back:${taken}`, error: PAYMENT_TAKEN_BACK, says, at: "PaymentReconciliation.extension" }];
}

/** The amount of an Invoice. */
export const askedBy = ({ totalGross, totalNet }: Invoice): Money | undefined => totalGross ?? totalNet;

/** An amount in minor units of its currency. */
export const centsOf = ({ value, currency = "" }: Money): number => unitsIn(numberOf(value) ?? 0, currency);

/** The Invoices of this hospital that a payment in force pays, with the amount of each. */
export function paidFor(payment: PaymentReconciliation | undefined): { invoice: string; amount: Money }[] {
  if (payment?.status !== "active") return [];
  return (payment.detail ?? []).flatMap(({ request, amount }) => {
    const invoice = localReference(request?.reference);
    return invoice?.startsWith("Invoice/") ? [{ invoice, amount: amount ?? payment.paymentAmount }] : [];
  });
}

/** The same in minor units, by Invoice. */
export function centsByInvoice(payment: PaymentReconciliation | undefined): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { invoice, amount } of paidFor(payment)) sums.set(invoice, (sums.get(invoice) ?? 0) + centsOf(amount));
  return sums;
}

/** By counter of an Invoice, what a payment counts: down for payments and refunds, up for reversals. */
export function countedOf(payment: PaymentReconciliation | undefined): Map<string, number> {
  const sign = payment && takenBackBy(payment) !== undefined ? 1 : -1;
  return new Map([...centsByInvoice(payment)].map(([invoice, cents]) => [paidCounter(invoice), sign * Math.abs(cents)]));
}

/** The content of a payment. */
export interface NewPayment {
  invoice: string;
  cents: number;
  currency: string;
  means: Means;
  reference?: string | undefined;
  cashier: Cashier | undefined;
  /** Receipt number. */
  number: string;
  takesBack?: { payment: string; reason: string };
}

/** @param at time of the payment */
export function newPayment(id: string, given: NewPayment, at: Date): WithId<PaymentReconciliation> {
  const { invoice, cents, currency, means, reference, cashier, number, takesBack } = given;
  const amount = money(cents, currency);
  const day = dayShown(at);
  const enterer = cashier && {
    url: ENTERER,
    valueReference: { ...(cashier.reference && { reference: cashier.reference }), ...(cashier.name && { display: cashier.name }) },
  };
  return {
    resourceType: "PaymentReconciliation",
    id,
    extension: [
      { url: METHOD, valueCodeableConcept: { coding: [{ system: MEANS, code: means }] } },
      ...(enterer ? [enterer] : []),
      ...(takesBack ? [{ url: TAKES_BACK, valueReference: { reference: takesBack.payment } }] : []),
    ],
    identifier: [
      { use: "official", type: { text: "receipt number" }, value: number },
      { use: "secondary", system: PAYS, value: invoice },
    ],
    status: "active",
    created: at.toISOString(),
    outcome: "complete",
    ...(takesBack && { disposition: takesBack.reason }),
    paymentDate: day,
    paymentAmount: amount,
    ...(reference !== undefined && { paymentIdentifier: { value: reference } }),
    detail: [{ type: PAYMENT, request: { reference: invoice }, date: day, amount }],
  };
}

/** A payment as callers get it. */
export function paymentOf(resource: WithId<PaymentReconciliation>): Payment {
  const { id, identifier = [], created, paymentAmount, paymentIdentifier, disposition } = resource;
  const { reference, display } = extensionOf(resource, ENTERER)?.valueReference ?? {};
  const takesBack = takenBackBy(resource);
  return {
    payment: `PaymentReconciliation/${id}`,
    number: identifier.find(({ system }) => system !== PAYS)?.value ?? "",
    invoice: identifier.find(({ system }) => system === PAYS)?.value ?? paidFor(resource)[0]?.invoice ?? "",
    cents: centsOf(paymentAmount),
    currency: paymentAmount.currency ?? "",
    means: (extensionOf(resource, METHOD)?.valueCodeableConcept?.coding?.find(({ system }) => system === MEANS)?.code ??
      "transfer") as Means,
    ...(paymentIdentifier?.value !== undefined && { reference: paymentIdentifier.value }),
    ...((reference ?? display) !== undefined && { cashier: { ...(reference && { reference }), ...(display && { name: display }) } }),
    paidAt: created,
    ...(takesBack !== undefined && { takesBack }),
    ...(takesBack !== undefined && disposition !== undefined && { reason: disposition }),
  };
}

/** The sum of payments of an Invoice, or refunds of a credit note, in minor units. @param payments of any invoice */
export const paidOf = (invoice: string, payments: PaymentReconciliation[]): number =>
  -payments.reduce((sum, payment) => sum + (countedOf(payment).get(paidCounter(invoice)) ?? 0), 0);

/** A day by the hospital's clocks, YYYY-MM-DD. */
export const dayShown = (at: Date): string => new Date(shownAt(at.getTime(), hospitalZone())).toISOString().slice(0, 10);

const cashierKey = ({ cashier }: { cashier?: Cashier }): string => cashier?.reference ?? cashier?.name ?? "";

/** The payments of a day by cashier, means and currency. */
export function cashReport(day: string, resources: WithId<PaymentReconciliation>[]): CashReport {
  const payments = resources.map(paymentOf).sort((a, b) => a.paidAt.localeCompare(b.paidAt));
  const sums = new Map<string, CashSum>();
  for (const payment of payments) {
    const { cashier, means, currency, cents, takesBack } = payment;
    const key = JSON.stringify([cashierKey(payment), means, currency]);
    const known = sums.get(key) ?? { ...(cashier && { cashier }), means, currency, count: 0, takenBack: 0, cents: 0 };
    known.cents += cents;
    if (takesBack === undefined) known.count += 1;
    else known.takenBack += 1;
    sums.set(key, known);
  }
  const all = [...sums.values()].sort(
    (a, b) => cashierKey(a).localeCompare(cashierKey(b)) || a.currency.localeCompare(b.currency) || a.means.localeCompare(b.means),
  );
  return { day, sums: all, payments };
}
