/** The invoices, and the counters of payments and credits, after the movements of one effect. */
import type { Invoice } from "../../../fhir/r4.ts";
import type { EffectTools, FullEffect, Movement } from "../../../mixins/fhir/rules/effects.ts";
import { isInForce } from "../billing.model.ts";
import { creditedBy, creditsOf, noteIn } from "../credit.model.ts";
import { type Balance, balanceOf, centsAsked, leftIn, withSettled } from "./balance.model.ts";
import { askedBy, paidCounter } from "./payment.model.ts";

type StoredInvoice = Invoice & { id: string };

/** Collects one effect on invoices and their counters. */
export class InvoiceBooks {
  readonly effect: FullEffect = { movements: [], changes: [], refusals: [] };
  readonly #tools: EffectTools;
  readonly #moved = new Map<string, number>();
  readonly #changed = new Map<string, StoredInvoice>();

  constructor(tools: EffectTools) {
    this.#tools = tools;
  }

  /** Zero if it was never moved. */
  async value(counter: string): Promise<number> {
    return ((await this.#tools.counter(counter)) ?? 0) + (this.#moved.get(counter) ?? 0);
  }

  move(movement: Movement): void {
    this.effect.movements.push(movement);
    this.#moved.set(movement.counter, (this.#moved.get(movement.counter) ?? 0) + movement.by);
  }

  async invoice(reference: string): Promise<StoredInvoice | undefined> {
    return this.#changed.get(reference) ?? (await this.#tools.read<Invoice>(reference));
  }

  put(invoice: StoredInvoice): void {
    this.#changed.set(`Invoice/${invoice.id}`, invoice);
    this.effect.changes = [...this.#changed.values()];
  }

  /** The balance of a bill with its credit notes in force. */
  async balance(bill: StoredInvoice): Promise<Balance> {
    const reference = `Invoice/${bill.id}`;
    const prefix = creditsOf(reference);
    const names = (await this.#tools.counters(prefix)).map(({ name }) => name);
    const all = new Set([...names, ...[...this.#moved.keys()].filter((name) => name.startsWith(prefix))]);
    const notes = [];
    for (const name of all) {
      const [invoice, cents] = [noteIn(name), await this.value(name)];
      if (cents > 0) notes.push({ invoice, cents, paidBack: -(await this.value(paidCounter(invoice))) });
    }
    return { asked: centsAsked(bill), covered: -(await this.value(paidCounter(reference))), notes };
  }

  /** Makes the write depend on all counters of the bill: it is decided again if others have moved one since. */
  hold(bill: StoredInvoice, { notes }: Balance): void {
    for (const invoice of [`Invoice/${bill.id}`, ...notes.map((note) => note.invoice)]) {
      this.move({ counter: paidCounter(invoice), by: 0, isExact: true });
    }
  }

  /** Counts an amount of an invoice as settled without a payment here. */
  settleElsewhere(invoice: StoredInvoice, cents: number): void {
    this.move({ counter: paidCounter(`Invoice/${invoice.id}`), by: -cents, isExact: true });
    this.put(withSettled(invoice, cents));
  }

  /** Counts a bill that was balanced without payments here as paid: its credits are refunded. */
  async adopt(bill: StoredInvoice): Promise<void> {
    if (bill.status !== "balanced") return;
    const rest = balanceOf(await this.balance(bill));
    if (rest > 0) this.settleElsewhere(bill, rest);
  }

  /** Sets a bill and its credit notes to balanced if nothing is due, and to issued otherwise. */
  async settle(bill: StoredInvoice): Promise<void> {
    const balance = await this.balance(bill);
    this.hold(bill, balance);
    for (const reference of [`Invoice/${bill.id}`, ...balance.notes.map(({ invoice }) => invoice)]) {
      const invoice = await this.invoice(reference);
      const status = leftIn(balance, reference) > 0 ? "issued" : "balanced";
      if (invoice && isInForce(invoice) && askedBy(invoice) && invoice.status !== status) this.put({ ...invoice, status });
    }
  }

  /** The bill itself, or the one that a credit note credits. */
  async billOf(invoice: StoredInvoice): Promise<StoredInvoice | undefined> {
    const credited = creditedBy(invoice);
    return credited === undefined ? invoice : this.invoice(credited);
  }
}
