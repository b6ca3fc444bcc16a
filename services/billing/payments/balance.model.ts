import type { Extension, Invoice } from "../../../fhir/r4.ts";
import { money } from "../minor-units.ts";
import { askedBy, centsOf } from "./payment.model.ts";

// What a bill and its credit notes still ask for: plain data in, plain data out. No broker, no database, no clock.

/** A credit note in force. */
export interface NoteState {
  invoice: string; // "Invoice/…"
  /** What it takes off its bill, and what of it was paid back, in the smallest units. */
  cents: number;
  paidBack: number;
}

/** A bill with its credit notes, in the smallest units. */
export interface Balance {
  asked: number;
  /** What was paid of it, and what was credited. */
  covered: number;
  notes: NoteState[];
}

/** Above zero: what the bill still asks for; below: what was paid too much and is to be paid back. */
export const balanceOf = ({ asked, covered, notes }: Balance): number =>
  asked - covered + notes.reduce((sum, { paidBack }) => sum + paidBack, 0);

/**
 * What is left to be paid of the bill, or to be paid back by one of its credit notes. What is not to be paid back is set off against the bill,
 * of the first credit notes first.
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

/** What an Invoice asks for, and a credit note takes off, in the smallest units. */
export const centsAsked = (invoice: Invoice | undefined): number => Math.abs(centsOf((invoice && askedBy(invoice)) ?? {}));

/** URL of an extension of an Invoice: how much of it was settled without a payment here. */
const SETTLED_ELSEWHERE = "urn:openward:settled-elsewhere";

/** How much of an Invoice was settled without a payment here, in the smallest units. */
export const settledElsewhere = ({ extension = [] }: Invoice): number =>
  extension.reduce((sum, { url, valueMoney }) => sum + (url === SETTLED_ELSEWHERE && valueMoney ? centsOf(valueMoney) : 0), 0);

/** The Invoice, so much more of which was settled without a payment here. */
export function withSettled<Of extends Invoice>(invoice: Of, cents: number): Of {
  const settled: Extension = { url: SETTLED_ELSEWHERE, valueMoney: money(cents, askedBy(invoice)?.currency ?? "") };
  return { ...invoice, extension: [...(invoice.extension ?? []), settled] };
}
