/** What is counted of invoices, and the invoices themselves, as the movements of one effect leave them. */
import type { Invoice } from "../../../fhir/r4.ts";
import type { EffectTools, FullEffect, Movement } from "../../../mixins/fhir/rules/effects.ts";
import { isInForce } from "../billing.model.ts";
import { creditedBy, creditsOf, noteIn } from "../credit.model.ts";
import { type Balance, balanceOf, centsAsked, leftIn, withSettled } from "./balance.model.ts";
import { askedBy, paidCounter } from "./payment.model.ts";

type StoredInvoice = Invoice & { id: string };

/** Gathers one effect on the books of invoices. */
export class InvoiceBooks {
  readonly effect: FullEffect = { movements: [], changes: [], refusals: [] };
  readonly #tools: EffectTools;
  readonly #moved = new Map<string, number>();
  readonly #changed = new Map<string, StoredInvoice>();

  constructor(tools: EffectTools) {
    this.#tools = tools;
  }

  /** Zero: it was never moved. */
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

  /** The bill with its credit notes in force. */
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

  /** What else follows was decided on all that is counted of the bill: it is decided again when others have moved a part of it since. */
  hold(bill: StoredInvoice, { notes }: Balance): void {
    for (const invoice of [`Invoice/${bill.id}`, ...notes.map((note) => note.invoice)]) {
      this.move({ counter: paidCounter(invoice), by: 0, isExact: true });
    }
  }

  /** So much of an invoice counts as paid, though no payment of it is here. */
  settleElsewhere(invoice: StoredInvoice, cents: number): void {
    this.move({ counter: paidCounter(`Invoice/${invoice.id}`), by: -cents, isExact: true });
    this.put(withSettled(invoice, cents));
  }

  /** A bill that was balanced without payments here counts as paid: what is credited of it is paid back. */
  async adopt(bill: StoredInvoice): Promise<void> {
    if (bill.status !== "balanced") return;
    const rest = balanceOf(await this.balance(bill));
    if (rest > 0) this.settleElsewhere(bill, rest);
  }

  /** A bill and its credit notes are balanced where nothing of them is left, and issued where something is. */
  async settle(bill: StoredInvoice): Promise<void> {
    const balance = await this.balance(bill);
    this.hold(bill, balance);
    for (const reference of [`Invoice/${bill.id}`, ...balance.notes.map(({ invoice }) => invoice)]) {
      const invoice = await this.invoice(reference);
      const status = leftIn(balance, reference) > 0 ? "issued" : "balanced";
      if (invoice && isInForce(invoice) && askedBy(invoice) && invoice.status !== status) this.put({ ...invoice, status });
    }
  }

  /** The bill that an invoice is, or that it credits. */
  async billOf(invoice: StoredInvoice): Promise<StoredInvoice | undefined> {
    const credited = creditedBy(invoice);
    return credited === undefined ? invoice : this.invoice(credited);
  }
}
