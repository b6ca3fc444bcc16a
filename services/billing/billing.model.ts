import { numberOf } from "../../fhir/json.ts";
import type { ChargeItem, Encounter, Invoice, Money } from "../../fhir/r4.ts";
import { referenceClause } from "../../fhir/search/exact-clauses.ts";
import type { Clause } from "../../fhir/search/query.ts";
import type { Bill, Charge } from "./billing.contract.ts";
import { encounterNotEnded, nothingToInvoice, severalCurrencies } from "./billing.errors.ts";

// The rules of a bill: plain data in, plain data out. No broker, no database, no clock.

/** Money as FHIR writes it, from exact hundredths. */
const money = (cents: number, currency: string): Money => ({ value: cents / 100, currency });

/** Half a cent is rounded away from zero, as it is written: 1.005 are 101 cents, though the double beside it is below. */
function centsOf({ priceOverride }: ChargeItem): number {
  const value = numberOf(priceOverride?.value) ?? 0;
  return Math.sign(value) * Math.round(Number((Math.abs(value) * 100).toPrecision(15)));
}

/** The ChargeItem of something to pay for. */
export function newCharge(
  id: string,
  { encounter, text, cents, currency }: { encounter: string; text: string; cents: number; currency: string },
  patient: string,
  now: Date,
): ChargeItem & { id: string } {
  return {
    resourceType: "ChargeItem",
    id,
    status: "billable",
    code: { text },
    subject: { reference: patient },
    context: { reference: encounter },
    occurrenceDateTime: now.toISOString(),
    priceOverride: money(cents, currency),
  };
}

/** A charge as its callers see it. */
export const chargeOf = (item: ChargeItem): Charge => ({
  charge: `ChargeItem/${item.id}`,
  encounter: item.context?.reference ?? "",
  text: item.code.text ?? "",
  cents: centsOf(item),
  currency: item.priceOverride?.currency ?? "",
});

/** Has yet to be billed. */
export const isOpen = ({ status }: ChargeItem): boolean => status === "billable";

/** "ChargeItems of this encounter." */
export const chargesOf = (encounter: string): Clause[] => [referenceClause("ChargeItem", "context", [encounter])];

/**
 * The bill over those of the charges that are open, and its charges marked as billed: that they are still as they were read is checked
 * in the same step, so no charge is billed twice.
 * @param left how many more are open, for the next bill
 * @throws 409 ENCOUNTER_NOT_ENDED, NOTHING_TO_INVOICE, SEVERAL_CURRENCIES
 */
export function newInvoice<Item extends ChargeItem & { id: string }>(
  id: string,
  encounter: Pick<Encounter, "status" | "subject"> & { id: string },
  { items, left = 0 }: { items: Item[]; left?: number },
  now: Date,
): { bill: Bill; invoice: Invoice & { id: string }; charges: Item[] } {
  const reference = `Encounter/${encounter.id}`;
  if (encounter.status !== "finished") throw encounterNotEnded(reference);
  const open = items.filter(isOpen);
  const [first] = open;
  if (!first) throw nothingToInvoice(reference);
  const currency = first.priceOverride?.currency ?? "";
  if (open.some((item) => (item.priceOverride?.currency ?? "") !== currency)) throw severalCurrencies(reference);
  const cents = open.reduce((sum, item) => sum + centsOf(item), 0);
  const patient = encounter.subject?.reference ?? first.subject.reference ?? "";
  const invoice: Invoice & { id: string } = {
    resourceType: "Invoice",
    id,
    status: "issued",
    subject: { reference: patient },
    date: now.toISOString(),
    lineItem: open.map((item, index) => ({
      sequence: index + 1,
      chargeItemReference: { reference: `ChargeItem/${item.id}` },
      priceComponent: [{ type: "base", ...(item.priceOverride && { amount: item.priceOverride }) }],
    })),
    totalNet: money(cents, currency),
    totalGross: money(cents, currency),
  };
  const bill = {
    invoice: `Invoice/${id}`,
    version: 1,
    patient,
    encounter: reference,
    cents,
    currency,
    charges: open.map((item) => `ChargeItem/${item.id}`),
    left,
    issuedAt: now.toISOString(),
  };
  return { bill, invoice, charges: open.map((item) => ({ ...item, status: "billed" })) };
}
