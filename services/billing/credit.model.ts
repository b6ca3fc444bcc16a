import { numberOf } from "../../fhir/json.ts";
import type { ChargeItem, Invoice } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import type { KeyOf } from "../../mixins/fhir/rules/unique-keys.ts";
import type { CreditNote } from "./billing.contract.ts";
import { CHARGE_CREDITED, CHARGE_INVOICED, invoiceNotInForce, nothingToCredit, notOnInvoice } from "./billing.errors.ts";
import { billText, chargesOn, isInForce, numberOfBill } from "./billing.model.ts";
import { money, sumInUnits } from "../../fhir/minor-units.ts";

// Cancelling and crediting a bill: plain data in, plain data out. No broker, no database, no clock.

/** URL of an extension of a credit note: the Invoice that it credits. */
const CREDITS = "urn:openward:credits";

/** `Invoice/…` that a credit note credits; undefined for any other Invoice. */
export const creditedBy = ({ extension }: Pick<Invoice, "extension">): string | undefined =>
  localReference(extension?.find(({ url }) => url === CREDITS)?.valueReference?.reference);

/** The charges that an Invoice in force claims; none for a credit note. */
export const billedBy = (invoice: Invoice | undefined): string[] =>
  invoice && isInForce(invoice) && creditedBy(invoice) === undefined ? chargesOn(invoice) : [];

const INVOICED = ["invoiced", CHARGE_INVOICED, "A charge is on another invoice: leave it out, or cancel that one first."] as const;
const CREDITED_ONCE = ["credited", CHARGE_CREDITED, "A charge is credited already: leave it out."] as const;

/** Unique keys: a charge is on at most one Invoice in force, once, and is credited once. */
export function invoiceKeys(invoice: Invoice): KeyOf[] {
  if (!isInForce(invoice)) return [];
  const [name, error, says] = creditedBy(invoice) === undefined ? INVOICED : CREDITED_ONCE;
  return [...new Set(chargesOn(invoice))].map((charge) => ({ key: `${name}:${charge}`, error, says, at: "Invoice.lineItem" }));
}

/** Prefix of the names of counters of credit notes. */
export const UNCREDITED = "uncredited/";
/** The counter of an Invoice's credit notes, down from zero, so that one with any cannot be cancelled. */
export const uncreditedCounter = (invoice: string): string => UNCREDITED + invoice.slice("Invoice/".length);

/** Prefix of the names of counters of credited amounts. */
export const CREDITED = "credited/";
/** The counter of the credited amount of an Invoice, down from zero, in minor units. */
export const creditedCounter = (invoice: string): string => CREDITED + invoice.slice("Invoice/".length);

/** Prefix of the names of counters of single credit notes. */
export const CREDIT = "credit/";
/** Credit notes of one Invoice: each credits at least one of its charges, of which a bill has at most this many. */
export const MAX_NOTES = 1_000;
/** Prefix of the names of the counters of one Invoice's credit notes. */
export const creditsOf = (invoice: string): string => `${CREDIT}${invoice.slice("Invoice/".length)}/`;
/** The counter of a credit note's amount, in minor units. */
export const creditCounter = (invoice: string, note: string): string => creditsOf(invoice) + note.slice("Invoice/".length);
/** `Invoice/…`: the credit note of a counter. */
export const noteIn = (counter: string): string => `Invoice/${counter.slice(counter.lastIndexOf("/") + 1)}`;

/** The Invoice as cancelled; its charges are freed in the same write. @throws 409 INVOICE_NOT_IN_FORCE */
export function cancelInvoice<Of extends Invoice>(invoice: Of, reason: string): Of {
  if (!isInForce(invoice)) throw invoiceNotInForce(`Invoice/${invoice.id}`);
  return { ...invoice, status: "cancelled", cancelledReason: reason };
}

/**
 * The credit note for charges of an Invoice in force, and the Invoice with a note of it. The charges stay billed.
 * @param items the credited charges
 * @throws 409 INVOICE_NOT_IN_FORCE, NOT_ON_INVOICE, NOTHING_TO_CREDIT
 */
export function newCreditNote<Of extends Invoice & { id: string }>(
  id: string,
  invoice: Of,
  { items, reason }: { items: (ChargeItem & { id: string })[]; reason: string },
  now: Date,
): { note: CreditNote; credit: Invoice & { id: string }; invoice: Of } {
  const reference = `Invoice/${invoice.id}`;
  if (!isInForce(invoice) || creditedBy(invoice) !== undefined) throw invoiceNotInForce(reference);
  const charges = items.map((item) => `ChargeItem/${item.id}`);
  const billed = new Set(chargesOn(invoice));
  const other = charges.find((charge) => !billed.has(charge));
  if (other !== undefined) throw notOnInvoice(other, reference);
  const prices = items.map(({ priceOverride }) => numberOf(priceOverride?.value) ?? 0);
  const currency = invoice.totalNet?.currency ?? items[0]?.priceOverride?.currency ?? "";
  const cents = sumInUnits(prices, currency);
  if (cents === 0) throw nothingToCredit(reference);
  const issued = now.toISOString();
  const total = money(-cents, currency);
  const number = numberOfBill(id, now);
  const credit: Invoice & { id: string } = {
    resourceType: "Invoice",
    id,
    ...billText(items, total),
    extension: [{ url: CREDITS, valueReference: { reference } }],
    identifier: [{ use: "official", type: { text: "credit note number" }, value: number }],
    status: "issued",
    type: { text: "credit note" },
    ...(invoice.subject && { subject: invoice.subject }),
    date: issued,
    lineItem: charges.map((charge, index) => ({
      sequence: index + 1,
      chargeItemReference: { reference: charge },
      priceComponent: [{ type: "base", amount: { value: -(prices[index] as number), currency } }],
    })),
    totalNet: total,
    totalGross: total,
    note: [{ time: issued, text: reason }],
  };
  const noted: Of = { ...invoice, note: [...(invoice.note ?? []), { time: issued, text: `Credit note ${number}: ${reason}` }] };
  return { note: { creditNote: `Invoice/${id}`, invoice: reference, cents, currency, charges, issuedAt: issued }, credit, invoice: noted };
}
