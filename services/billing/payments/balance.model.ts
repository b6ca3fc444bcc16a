import type { Extension, Invoice } from "../../../fhir/r4.ts";
import { money } from "../../../fhir/minor-units.ts";
import { askedBy, centsOf } from "./payment.model.ts";

// The balance of a bill with its credit notes: plain data in, plain data out. No broker, no database, no clock.

/** A credit note in force. */
export interface NoteState {
  invoice: string; // "Invoice/…"
  /** Its amount, and what was refunded of it, in minor units. */
  cents: number;
  paidBack: number;
}

/** A bill with its credit notes, in minor units. */
export interface Balance {
  asked: number;
  /** The sum of payments and credits. */
  covered: number;
  notes: NoteState[];
}

/** Positive: the amount due; negative: the overpayment, which is to be refunded. */
export const balanceOf = ({ asked, covered, notes }: Balance): number =>
  asked - covered + notes.reduce((sum, { paidBack }) => sum + paidBack, 0);

/**
 * The amount due of the bill, or to be refunded by one of its credit notes. Credits that are not to be refunded are set off against the bill,
 * those of the first credit notes first.
 */
export function leftIn(balance: Balance, invoice: string): number {
  const rest = balanceOf(balance);
  const open = balance.notes.map((note) => ({ ...note, left: Math.max(0, note.cents - note.paidBack) }));
  let setOff = open.reduce((sum, { left }) => sum + left, 0) - Math.max(0, -rest);
  for (const note of open) {
    const part = Math.max(0, Math.min(note.left, setOff));
    setOff -= part;
    if (note.invoice === invoice) return note.left - part;
  }
  return Math.max(0, rest);
}

/** The amount of an Invoice or a credit note, in minor units, without sign. */
export const centsAsked = (invoice: Invoice | undefined): number => Math.abs(centsOf((invoice && askedBy(invoice)) ?? {}));

/** URL of an extension of an Invoice: the amount that was settled without a payment here. */
const SETTLED_ELSEWHERE = "urn:openward:settled-elsewhere";

/** The amount of an Invoice that was settled without a payment here, in minor units. */
export const settledElsewhere = ({ extension = [] }: Invoice): number =>
  extension.reduce((sum, { url, valueMoney }) => sum + (url === SETTLED_ELSEWHERE && valueMoney ? centsOf(valueMoney) : 0), 0);

/** The Invoice with a further amount that was settled without a payment here. */
export function withSettled<Of extends Invoice>(invoice: Of, cents: number): Of {
  const settled: Extension = { url: SETTLED_ELSEWHERE, valueMoney: money(cents, askedBy(invoice)?.currency ?? "") };
  return { ...invoice, extension: [...(invoice.extension ?? []), settled] };
}
