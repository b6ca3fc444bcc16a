import { numberOf } from "../../fhir/json.ts";
import type { ChargeItem, Encounter, Invoice, Money } from "../../fhir/r4.ts";
import { referenceClause } from "../../fhir/search/exact-clauses.ts";
import type { Clause } from "../../fhir/search/query.ts";
import { hospitalZone, shownAt } from "../../fhir/time-zone.ts";
import { localReference } from "../../federation/facts.ts";
import type { Bill, Charge } from "./billing.contract.ts";
import { money, sumInUnits } from "../../fhir/minor-units.ts";
import { encounterNotEnded, nothingToInvoice, priceMissing, severalCurrencies } from "./billing.errors.ts";

// The rules of a bill: plain data in, plain data out. No broker, no database, no clock.

const priceOf = ({ priceOverride }: ChargeItem): number => numberOf(priceOverride?.value) ?? 0;

/** The sum in the minor unit of the currency. */
const unitsOf = (items: ChargeItem[], currency: string): number => sumInUnits(items.map(priceOf), currency);

/** Whether an amount can be asked for it. */
const hasPrice = ({ priceOverride }: ChargeItem): boolean =>
  numberOf(priceOverride?.value) !== undefined && priceOverride?.currency !== undefined;

/** The ChargeItem of a charge. */
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

/** What is charged, in words; its code, if there are none. */
const textOf = ({ code: { text, coding: [coding] = [] } }: ChargeItem): string => text ?? coding?.display ?? coding?.code ?? "";

/** A charge as callers get it. */
export const chargeOf = (item: ChargeItem): Charge => ({
  charge: `ChargeItem/${item.id}`,
  encounter: item.context?.reference ?? "",
  text: textOf(item),
  cents: unitsOf([item], item.priceOverride?.currency ?? ""),
  currency: item.priceOverride?.currency ?? "",
});

/** Whether it has yet to be billed. */
export const isOpen = ({ status }: ChargeItem): boolean => status === "billable";

const IN_FORCE = ["issued", "balanced"];

/** Whether an Invoice claims its charges. */
export const isInForce = ({ status }: Pick<Invoice, "status">): boolean => IN_FORCE.includes(status);

/** The charges of an Invoice, `ChargeItem/…`. */
export const chargesOn = ({ lineItem }: Pick<Invoice, "lineItem">): string[] =>
  lineItem?.flatMap(({ chargeItemReference }) => localReference(chargeItemReference?.reference) ?? []) ?? [];

/** Prefix of the names of counters of invoices that name a charge. */
export const LISTED = "listed/";
/** The counter of invoices that name a charge, whatever their status; it counts down from zero. */
export const listedCounter = (charge: string): string => LISTED + charge.slice("ChargeItem/".length);

/** The charges in words, since FHIR's lines only refer to ChargeItems. */
export function billText(items: ChargeItem[], { value, currency }: Money): Pick<Invoice, "text"> {
  const lines = items.map((item) => `<li>${escaped(textOf(item))}: ${priceOf(item)} ${item.priceOverride?.currency ?? ""}</li>`);
  const div = `<div xmlns="http://www.w3.org/1999/xhtml"><ul>${lines.join("")}</ul><p>${value} ${currency}</p></div>`;
  return { text: { status: "generated", div } };
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** The year and the random part of the id: a bill number that people can read out, and that is unique. */
export const numberOfBill = (id: string, now: Date): string =>
  `${new Date(shownAt(now.getTime(), hospitalZone())).getUTCFullYear()}-${id.slice(-12)}`;

/** Statuses of encounters that are billed: what was noted by hand for one that was cancelled is to be paid, such as a fee for it. */
const ENDED: readonly string[] = ["finished", "cancelled"];

/** What a bill is for: an encounter, or what a patient owes outside of any. */
export type Billed = (Pick<Encounter, "status" | "subject"> & { id: string }) | { patient: string };

/** "Encounter/…", or "Patient/…". */
export const referenceOf = (of: Billed): string => ("patient" in of ? of.patient : `Encounter/${of.id}`);

/** Clauses for the ChargeItems among which are those of a bill. */
export const chargesOf = (of: Billed): Clause[] => [
  referenceClause("ChargeItem", "patient" in of ? "subject" : "context", [referenceOf(of)]),
];

/** Whether a charge that these clauses have found belongs on the bill. */
export const isOfThese = ({ context }: ChargeItem, of: Billed): boolean => !("patient" in of) || context === undefined;

/**
 * The bill of the open charges, and the charges as billed. The write checks that they are still in the version that was read, so that no charge is
 * billed twice.
 * @param left number of further open charges, for the next bill
 * @throws 409 ENCOUNTER_NOT_ENDED, NOTHING_TO_INVOICE, PRICE_MISSING, SEVERAL_CURRENCIES
 */
export function newInvoice<Item extends ChargeItem & { id: string }>(
  id: string,
  of: Billed,
  { items, left = 0 }: { items: Item[]; left?: number },
  now: Date,
): { bill: Bill; invoice: Invoice & { id: string }; charges: Item[] } {
  const reference = referenceOf(of);
  const encounter = "patient" in of ? undefined : of;
  if (encounter && !ENDED.includes(encounter.status)) throw encounterNotEnded(reference);
  const open = items.filter(isOpen);
  const [first] = open;
  if (!first) throw nothingToInvoice(reference);
  const unpriced = open.filter((item) => !hasPrice(item)).map((item) => `ChargeItem/${item.id}`);
  if (unpriced.length > 0) throw priceMissing(reference, unpriced);
  const currency = first.priceOverride?.currency ?? "";
  if (open.some((item) => (item.priceOverride?.currency ?? "") !== currency)) throw severalCurrencies(reference);
  const cents = unitsOf(open, currency);
  const patient = encounter?.subject?.reference ?? first.subject.reference ?? "";
  const invoice: Invoice & { id: string } = {
    resourceType: "Invoice",
    id,
    ...billText(open, money(cents, currency)),
    identifier: [{ use: "official", type: { text: "invoice number" }, value: numberOfBill(id, now) }],
    status: cents === 0 ? "balanced" : "issued", // there is nothing to pay
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
    ...(encounter && { encounter: reference }),
    cents,
    currency,
    charges: open.map((item) => `ChargeItem/${item.id}`),
    left,
    issuedAt: now.toISOString(),
  };
  return { bill, invoice, charges: open.map((item) => ({ ...item, status: "billed" })) };
}
