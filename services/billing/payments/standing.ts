/** The payments, credits and balance of a bill or a credit note. Read without a lock: writes are checked by the counters. */
import type { Invoice, PaymentReconciliation, Stored } from "../../../fhir/r4.ts";
import { tokenClause } from "../../../fhir/search/exact-clauses.ts";
import { splitReference } from "../../../mixins/fhir/domain-references.ts";
import type { WithFhir } from "../../../mixins/fhir/fhir.ts";
import { isInForce } from "../billing.model.ts";
import { creditedBy, creditsOf, MAX_NOTES, noteIn } from "../credit.model.ts";
import { centsAsked, leftIn, settledElsewhere } from "./balance.model.ts";
import { paidOf, PAYS } from "./payment.model.ts";

/** Payments of one invoice; the search refuses more, so that no sum is incomplete. */
const MAX_OF_BILL = 1_000;

type Payments = Stored<PaymentReconciliation>[];

/** The balance of an invoice. */
export interface InvoiceStanding {
  /** The amount due, or of a credit note to be refunded, in minor units. */
  left: number;
  /** The credited amount of a bill; of a credit note the part that is set off against its bill. */
  credited: number;
  /** The bill's credit notes in force. */
  notes: Stored<Invoice>[];
  /** Payments of the invoice itself. */
  payments: Payments;
}

const paymentsOf = ({ fhir }: WithFhir, invoice: string): Promise<Payments> =>
  fhir.find({
    type: "PaymentReconciliation",
    clauses: [tokenClause("PaymentReconciliation", "identifier", { system: PAYS, value: invoice })],
    limit: MAX_OF_BILL,
  });

/** The credit notes in force of a bill. */
export async function notesOf({ fhir, store }: WithFhir, bill: string): Promise<Stored<Invoice>[]> {
  const counters = await store.counters(creditsOf(bill), MAX_NOTES);
  const notes = await Promise.all(
    counters.filter(({ value }) => value > 0).map(({ name }) => fhir.read("Invoice", splitReference(noteIn(name))[1])),
  );
  return notes.flatMap((note) => (note && isInForce(note) ? [note] : []));
}

/** @param just a payment that the same request stores, and that may not be visible yet */
export async function standingOf(billing: WithFhir, invoice: Stored<Invoice>, just?: PaymentReconciliation): Promise<InvoiceStanding> {
  const reference = `Invoice/${invoice.id}`;
  const credits = creditedBy(invoice);
  const bill = credits === undefined ? invoice : await billing.fhir.read("Invoice", splitReference(credits)[1]);
  const notes = bill ? await notesOf(billing, `Invoice/${bill.id}`) : [];
  const isKnown = invoice === bill || notes.some(({ id }) => id === invoice.id);
  const all = isKnown ? notes : [...notes, invoice]; // a credit note that was stored before credits were counted
  const paid = async (of: Invoice): Promise<{ cents: number; payments: Payments }> => {
    const payments = await paymentsOf(billing, `Invoice/${of.id}`);
    const others = payments.filter(({ id }) => id !== just?.id);
    return { cents: paidOf(`Invoice/${of.id}`, just ? [...others, just] : others) + settledElsewhere(of), payments };
  };
  const [ofBill, ...ofNotes] = await Promise.all([...(bill ? [bill] : []), ...all].map(paid));
  const states = all.map((note, index) => ({
    invoice: `Invoice/${note.id}`,
    cents: centsAsked(note),
    paidBack: ofNotes[index]?.cents ?? 0,
  }));
  const asked = centsAsked(bill);
  const isSettled = bill?.status === "balanced" && settledElsewhere(bill) === 0;
  const sum = states.reduce((total, { cents }) => total + cents, 0);
  const balance = { asked, covered: (ofBill?.cents ?? 0) + sum, notes: states };
  // A bill that was balanced without payments here counts as paid.
  const covered = isSettled && just === undefined ? Math.max(balance.covered, asked) : balance.covered;
  const left = invoice.status === "issued" || (just && isInForce(invoice)) ? leftIn({ ...balance, covered }, reference) : 0;
  const own = states.find((one) => one.invoice === reference);
  return {
    left,
    credited: own ? own.cents - own.paidBack - left : sum,
    notes: all,
    payments: (own ? ofNotes[states.indexOf(own)] : ofBill)?.payments ?? [],
  };
}
