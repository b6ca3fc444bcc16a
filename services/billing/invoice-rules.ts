import { numberOf } from "../../fhir/json.ts";
import type { ChargeItem, Invoice, InvoiceLineItem, Money } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { placeOf, refusal, statusSteps, subjectStays, unlessHere } from "../../mixins/fhir/rules/common.ts";
import { finalNotDeleted } from "../../mixins/fhir/rules/deletion.ts";
import { finalStays } from "../../mixins/fhir/rules/final.ts";
import { amendmentReason } from "../../mixins/fhir/rules/reasons.ts";
import { onePatient } from "../../mixins/fhir/rules/patient-record.ts";
import { referencesExist } from "../../mixins/fhir/rules/references-exist.ts";
import type { Change, Facts, Rule } from "../../mixins/fhir/rules/rule.ts";
import { STATUS_STEPS } from "../../mixins/fhir/rules/statuses.ts";
import { isTooFine, isTooLarge, tooFine } from "./amounts.ts";
import { chargesOn, isInForce } from "./billing.model.ts";
import { billedBy, creditedBy } from "./credit.model.ts";
import { exponentOf } from "../../fhir/currency-decimals.ts";
import { typed } from "../../fhir/typed.ts";

const subjectOf = ({ subject }: Invoice) => subject;

/** Whether the Invoice comes into force by this change. */
const isIssued = ({ before, after }: Change<Invoice>): boolean =>
  after !== undefined && isInForce(after) && !(before !== undefined && isInForce(before));

/** All amounts of an Invoice. */
function amountsOf({ lineItem = [], totalPriceComponent = [], totalNet, totalGross }: Invoice): Money[] {
  const components = [...lineItem.flatMap(({ priceComponent = [] }) => priceComponent), ...totalPriceComponent];
  return [...components.map(({ amount }) => amount), totalNet, totalGross].filter((it) => it !== undefined);
}

/** Price components that count before taxes; R4 leaves open whether a discount has a sign. */
const ADDED = ["base", "surcharge"];
const ASIDE = ["tax", "informational"];

/** The sum of the lines before taxes; undefined if a line has no price, or a deduction. */
function sumOf({ lineItem = [], totalPriceComponent = [] }: Invoice): number | undefined {
  const lines = lineItem.map(({ priceComponent = [] }) => priceComponent.filter(({ type }) => !ASIDE.includes(type)));
  const isPlain = lines.every((line) => line.length > 0 && line.every(({ type, amount }) => amount && ADDED.includes(type)));
  if (!isPlain || lines.length === 0 || totalPriceComponent.some(({ type }) => !ASIDE.includes(type))) return undefined;
  const sum = lines.flat().reduce((all, { amount }) => all + (numberOf(amount?.value) ?? Number.NaN), 0);
  return Number.isFinite(sum) ? sum : undefined;
}

const currency: Rule<Invoice> = {
  id: "invoice-currency",
  group: "money",
  holdsAlways: true,
  says: "An issued Invoice is in one currency, and each of its amounts is below 1e12.",
  check(change) {
    const { after } = change;
    if (!after || !isIssued(change)) return undefined;
    const amounts = amountsOf(after);
    if (amounts.some(isTooLarge)) return refusal("invoice-currency", "The amount is too large: correct it.", "Invoice", 422);
    const currencies = new Set(amounts.flatMap((it) => it.currency ?? []));
    if (currencies.size < 2) return undefined;
    return refusal(
      "invoice-currency",
      `The Invoice has amounts in ${[...currencies].join(" and ")}: make one Invoice for each currency.`,
      "Invoice",
      422,
    );
  },
};

const total: Rule<Invoice> = {
  id: "invoice-total",
  group: "money",
  holdsAlways: true,
  says: "The net total of an issued Invoice is the sum of its lines, and not above the gross total; totals have no more decimals than their currency; only those of a credit note are negative.",
  check(change) {
    const { after } = change;
    if (!after || !isIssued(change)) return undefined;
    const { totalNet, totalGross, totalPriceComponent = [] } = after;
    const part = totalPriceComponent.map(({ amount }) => amount).find((it) => it && isTooFine(it));
    for (const [name, amount] of Object.entries({ totalNet, totalGross, totalPriceComponent: part })) {
      if (amount && isTooFine(amount)) return tooFine("invoice-total", `Invoice.${name}`, amount);
    }
    const negative = Object.entries({ totalNet, totalGross }).find(([, amount]) => (numberOf(amount?.value) ?? 0) < 0);
    if (negative && creditedBy(after) === undefined) {
      return refusal("invoice-total", "Nobody pays less than nothing: make a credit note for the Invoice.", `Invoice.${negative[0]}`, 422);
    }
    const [sum, net, gross] = [sumOf(after), numberOf(totalNet?.value), numberOf(totalGross?.value)];
    if (Math.abs(gross ?? Number.POSITIVE_INFINITY) < Math.abs(net ?? 0)) {
      return refusal("invoice-total", "The gross total is less than the net total: correct one of them.", "Invoice.totalGross", 422);
    }
    if (sum === undefined || net === undefined) return undefined;
    if (Math.abs(net - sum) <= 0.5 * 10 ** -exponentOf(totalNet?.currency ?? "") + 1e-9) return undefined;
    return refusal("invoice-total", "The total is not the sum of the lines: correct one of them.", "Invoice.totalNet", 422);
  },
};

/** The charges that a change adds to an Invoice in force. */
function newlyBilled({ before, after }: Change<Invoice>): string[] {
  const known = billedBy(before);
  return billedBy(after).filter((it) => !known.includes(it));
}

const NOT_PAID_FOR = ["aborted", "not-billable", "entered-in-error"];
const statusOf = (resource: object | undefined): string => (resource as { status?: string } | undefined)?.status ?? "";

/** Whether a line's base price is another one than the charge itself has. */
function isOtherPrice({ priceComponent = [] }: InvoiceLineItem, charge: ChargeItem | undefined): boolean {
  const { value, currency } = charge?.priceOverride ?? {};
  const base = priceComponent.flatMap(({ type, amount }) => (type === "base" && amount ? [amount] : []));
  const price = numberOf(value);
  if (price === undefined || base.length === 0) return false;
  const sum = base.reduce((all, it) => all + (numberOf(it.value) ?? Number.NaN), 0);
  if (base.some((it) => (it.currency ?? currency) !== currency)) return true;
  return Math.abs(sum - price) > 0.5 * 10 ** -exponentOf(currency ?? "") + 1e-9;
}

const charges: Rule<Invoice> = {
  id: "invoice-charges",
  group: "money",
  says: "The charges on an Invoice are to be paid, and each is billed once, at its own price (besides surcharges, discounts and taxes): no charge that was aborted, is not billable, or was entered in error.",
  facts: newlyBilled,
  check(change, facts) {
    const asked = newlyBilled(change);
    const twice = asked.find((it, index) => asked.indexOf(it) !== index);
    if (twice !== undefined) return refusal("invoice-charges", `${twice} is on the Invoice twice: leave one out.`, "Invoice.lineItem");
    const wrong = asked.find((it) => NOT_PAID_FOR.includes(statusOf(facts.of(it)?.resource)));
    if (wrong !== undefined) {
      return refusal("invoice-charges", `${wrong} is not to be paid for: leave it out, or correct it first.`, "Invoice.lineItem");
    }
    const lines = change.after?.lineItem?.map((line) => ({ line, charge: localReference(line.chargeItemReference?.reference) ?? "" }));
    const other = lines?.find(({ line, charge }) => asked.includes(charge) && isOtherPrice(line, typed(facts.of(charge)?.resource)));
    if (!other) return undefined;
    return refusal("invoice-charges", `${other.charge} has another price: bill that, or correct the charge first.`, "Invoice.lineItem");
  },
};

/** The Invoice that a new credit note credits. */
const newlyCredited = (change: Change<Invoice>): string | undefined =>
  isIssued(change) && change.after ? creditedBy(change.after) : undefined;

/** The reason for which a credit note does not fit its Invoice. */
function reasonAgainst(note: Invoice, credited: string, facts: Facts): string | undefined {
  const invoice = typed<Invoice>(facts.of(credited)?.resource);
  if (!invoice) return `${credited} is not here: name the Invoice that is credited.`;
  if (!isInForce(invoice) || creditedBy(invoice) !== undefined) return `${credited} asks for nothing: name an Invoice in force.`;
  if (placeOf(invoice.subject) !== placeOf(note.subject)) return `${credited} is another patient's.`;
  const other = chargesOn(note).find((it) => !chargesOn(invoice).includes(it));
  if (other !== undefined) return `${other} is not on ${credited}: leave it out.`;
  const [back, asked] = [note, invoice].map(({ totalNet }) => Math.abs(numberOf(totalNet?.value) ?? 0)) as [number, number];
  if (invoice.totalNet && back > asked) return `${credited} asks for less: credit no more than that.`;
  if (invoice.totalNet?.currency === (note.totalNet ?? invoice.totalNet)?.currency) return undefined;
  return `${credited} is in another currency.`;
}

const credit: Rule<Invoice> = {
  id: "invoice-credit",
  group: "money",
  says: "A credit note is for an Invoice in force of the same patient; all credit notes of an Invoice together do not exceed it.",
  facts: (change) => [newlyCredited(change)],
  check(change, facts) {
    const credited = newlyCredited(change);
    const reason = credited === undefined ? undefined : reasonAgainst(change.after as Invoice, credited, facts);
    if (credited === undefined || reason === undefined) return undefined;
    return unlessHere(refusal("invoice-credit", reason, "Invoice.extension"), [credited], facts);
  },
};

/** The rules of invoices and credit notes. */
export const invoiceRules: Rule<Invoice>[] = [
  statusSteps<Invoice>("Invoice", STATUS_STEPS.Invoice, {
    says: "An issued Invoice becomes balanced or cancelled; a cancelled one stays cancelled.",
  }),
  finalStays<Invoice>("Invoice", {
    isFinal: ({ status }) => status !== "draft",
    openly: [],
    besides: ["cancelledReason", "paymentTerms"],
  }),
  amendmentReason<Invoice>("Invoice", { isFinal: isInForce, by: ["cancelled", "entered-in-error"], elements: ["cancelledReason", "note"] }),
  subjectStays<Invoice>("Invoice", "subject", subjectOf),
  ...onePatient<Invoice>("Invoice"),
  finalNotDeleted<Invoice>("Invoice", {
    what: "An issued Invoice",
    isFinal: isInForce,
    message: "The invoice is issued: cancel it instead.",
  }),
  currency,
  total,
  referencesExist<Invoice>("Invoice"),
  charges,
  credit,
  {
    id: "invoice-credited",
    group: "money",
    says: "A partly credited Invoice is not cancelled as a whole.",
    check: () => undefined, // the write itself counts its credit notes (`billing.effects.ts`)
  },
  {
    id: "invoice-balanced",
    group: "money",
    says: "An Invoice is balanced when its payments and credits add up to it, if the hospital records payments here, or a part of it was paid here.",
    check: () => undefined, // the write itself counts payments (`payments.effects.ts`)
  },
  {
    id: "invoice-paid",
    group: "money",
    says: "An Invoice with payments is not cancelled.",
    check: () => undefined, // the write itself counts payments (`payments.effects.ts`)
  },
];
