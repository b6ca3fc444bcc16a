/** The effects of payments and credit notes: counters, and which invoices are balanced. */
import type { Invoice, PaymentReconciliation } from "../../../fhir/r4.ts";
import { refusal } from "../../../mixins/fhir/rules/common.ts";
import type { Effect, EffectTools, FullEffect } from "../../../mixins/fhir/rules/effects.ts";
import { type Change, refusalBy } from "../../../mixins/fhir/rules/rule.ts";
import { splitPlace } from "../../../federation/facts.ts";
import { invoicePartlyPaid, paidTooMuch } from "../billing.errors.ts";
import { isInForce } from "../billing.model.ts";
import { creditCounter, creditedBy, creditedCounter } from "../credit.model.ts";
import { centsAsked, leftIn, settledElsewhere } from "./balance.model.ts";
import { InvoiceBooks } from "./invoice-books.ts";
import { countedOf, PAID, paidCounter, RECEIPTS } from "./payment.model.ts";

/** The credit of a credit note in force; undefined for any other Invoice. */
export interface Credit {
  bill: string;
  cents: number;
}

/** @param note undefined: there is none */
export function creditOf(note: Invoice | undefined): Credit | undefined {
  const bill = note && isInForce(note) ? creditedBy(note) : undefined;
  return bill === undefined ? undefined : { bill, cents: centsAsked(note) };
}

const CREDITED_TOO_MUCH = refusal("invoice-credit", "The credit notes together are larger than the Invoice.", "Invoice.totalNet");

const NOT_PAID_HERE = {
  rule: "invoice-balanced",
  refusal: refusal(
    "invoice-balanced",
    "It is not completely paid here: record the payment (PaymentReconciliation), which balances it.",
    "Invoice.status",
  ),
};

/** @param cents change of the credit, negative for less */
async function credit(books: InvoiceBooks, note: string, { bill: reference, cents }: Credit): Promise<void> {
  const bill = await books.invoice(reference);
  if (cents > 0 && bill) await books.adopt(bill);
  const bound = { min: -centsAsked(bill), rule: "invoice-credit", refusal: CREDITED_TOO_MUCH };
  books.move({ counter: creditedCounter(reference), by: -cents, ...(cents > 0 && bill && centsAsked(bill) > 0 && { bound }) });
  books.move({ counter: creditCounter(reference, note), by: cents });
  books.move({ counter: paidCounter(reference), by: -cents, isExact: true });
}

/** Decides whether an Invoice is balanced: by its counters if it has any, or if the hospital has a cash desk here. */
async function balanced(books: InvoiceBooks, invoice: Invoice & { id: string }, tools: EffectTools): Promise<void> {
  const [reference, bill] = [`Invoice/${invoice.id}`, await books.billOf(invoice)];
  const balance = bill && (await books.balance(bill));
  const left = balance ? leftIn(balance, reference) : 0;
  if (!bill || !balance || left === 0) return;
  const credited = balance.notes.reduce((sum, { cents }) => sum + cents, 0);
  const paid = creditedBy(invoice) === undefined ? balance.covered - credited : -(await books.value(paidCounter(reference)));
  if (paid > 0 || (await tools.counters(RECEIPTS)).length > 0) {
    books.effect.refusals.push(NOT_PAID_HERE);
  } else if (balance.notes.length > 0) {
    books.settleElsewhere(invoice, left);
  }
}

/** Sets a credit off against its bill; the part that was already paid is to be refunded. */
export async function credited({ before, after, reference }: Change<Invoice>, tools: EffectTools): Promise<FullEffect> {
  const books = new InvoiceBooks(tools);
  const [was, is] = [creditOf(before), creditOf(after)];
  const bills = new Set([was?.bill, is?.bill].flatMap((bill) => bill ?? []));
  for (const bill of bills) {
    const cents = (is?.bill === bill ? is.cents : 0) - (was?.bill === bill ? was.cents : 0);
    if (cents !== 0) await credit(books, reference, { bill, cents });
  }
  const more = (after ? settledElsewhere(after) : 0) - (before ? settledElsewhere(before) : 0);
  if (more !== 0) books.move({ counter: paidCounter(reference), by: -more, isExact: true });
  if (more > 0 && (await tools.counters(RECEIPTS)).length > 0) books.effect.refusals.push(NOT_PAID_HERE);
  if (after?.status === "balanced" && before?.status !== "balanced") {
    const invoice = (await books.invoice(reference)) ?? { ...after, id: splitPlace(reference)[1] };
    await balanced(books, invoice, tools);
  }
  if (books.effect.movements.length === 0) return books.effect;
  for (const bill of bills.size > 0 ? bills : [reference]) {
    const known = await books.invoice(bill);
    if (known) await books.settle(known);
  }
  return books.effect;
}

async function pay(books: InvoiceBooks, counter: string, by: number): Promise<void> {
  const reference = `Invoice/${counter.slice(PAID.length)}`;
  const invoice = await books.invoice(reference);
  const bill = invoice && (await books.billOf(invoice));
  if (!bill) return books.move({ counter, by, isExact: true });
  await books.adopt(bill);
  const known = creditOf(invoice);
  const isUncounted = known && (await books.value(creditCounter(known.bill, reference))) === 0; // stored before credits were counted
  if (known && isUncounted) await credit(books, reference, known);
  const balance = await books.balance(bill);
  const left = leftIn(balance, reference);
  if (by < 0 && -by > left) {
    const tooMuch = refusalBy(paidTooMuch(reference, left), "PaymentReconciliation.detail");
    books.effect.refusals.push({ rule: "payment-reconciliation-amount", refusal: tooMuch });
  }
  books.hold(bill, balance);
  books.move({ counter, by, isExact: true });
  await books.settle(bill);
}

/** Counts payments of an Invoice, which decide whether it is balanced. */
export async function paid({ before, after }: Change<PaymentReconciliation>, tools: EffectTools): Promise<Effect> {
  const books = new InvoiceBooks(tools);
  const [was, is] = [countedOf(before), countedOf(after)];
  for (const name of new Set([...was.keys(), ...is.keys()])) {
    const by = (is.get(name) ?? 0) - (was.get(name) ?? 0);
    if (by !== 0) await pay(books, name, by);
  }
  return books.effect;
}

/** An Invoice with payments stays in force. */
export async function paidStays({ before, after, reference }: Change<Invoice>, tools: EffectTools): Promise<Effect> {
  const books = new InvoiceBooks(tools);
  if (!before || !isInForce(before) || (after && isInForce(after))) return books.effect;
  const bill = { ...before, id: splitPlace(reference)[1] };
  const isNote = creditedBy(before) !== undefined;
  const balance = isNote ? { asked: 0, covered: -(await books.value(paidCounter(reference))), notes: [] } : await books.balance(bill);
  const paidOf = balance.covered - balance.notes.reduce((sum, { cents }) => sum + cents, 0) - settledElsewhere(before);
  books.hold(bill, balance);
  const held = refusalBy(invoicePartlyPaid(reference), "Invoice.status");
  if (paidOf > 0) books.effect.refusals.push({ rule: "invoice-paid", refusal: held });
  return books.effect;
}
