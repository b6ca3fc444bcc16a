import { numberOf } from "../../fhir/json.ts";
import type { ChargeItem, Invoice, Money } from "../../fhir/r4.ts";
import { refusal, ruleType, statusSteps, subjectStays } from "../../mixins/fhir/rules/common.ts";
import { finalStays } from "../../mixins/fhir/rules/final.ts";
import { amendmentReason } from "../../mixins/fhir/rules/reasons.ts";
import { referencesExist } from "../../mixins/fhir/rules/references.ts";
import type { Change, Rule, RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { sameSubject } from "../../mixins/fhir/rules/same-subject.ts";
import { STATUS_STEPS } from "../../mixins/fhir/rules/statuses.ts";
import { isInForce } from "./billing.model.ts";
import { billedBy } from "./credit.model.ts";
import { exponentOf } from "./currencies.ts";

/** An amount with more digits than its currency has. */
const isTooFine = ({ value, currency }: Money): boolean => {
  const number = numberOf(value);
  if (number === undefined || currency === undefined) return false;
  const units = Math.abs(number) * 10 ** exponentOf(currency);
  return Math.abs(units - Math.round(units)) > 1e-6 * Math.max(1, units);
};

const tooFine = (id: string, at: string, { currency = "" }: Money) =>
  refusal(id, `${currency} has ${exponentOf(currency)} decimals: give an amount that can be paid.`, at, 422);

const charge: Rule<ChargeItem>[] = [
  statusSteps<ChargeItem>("ChargeItem", STATUS_STEPS.ChargeItem, {
    says: "A billed charge stays billed until its Invoice is cancelled, in the same transaction; one that no Invoice here names may be billable again.",
    sealed: ["billed"],
    // That no Invoice names it is held by a counter, in the write itself (`billing.effects.ts`).
    may: ({ before, after }) => before?.status === "billed" && after?.status === "billable",
  }),
  finalStays<ChargeItem>("ChargeItem", { isFinal: ({ status }) => status === "billed", openly: [] }),
  subjectStays<ChargeItem>("ChargeItem", "subject", ({ subject }) => subject),
  sameSubject<ChargeItem>("ChargeItem", ({ subject }) => subject, ["context"]),
  {
    id: "charge-item-deleted",
    group: "deletion",
    says: "A billed charge is not deleted.",
    check({ op, before }) {
      if (op !== "delete" || before?.status !== "billed") return undefined;
      return refusal("charge-item-deleted", "The charge is on an invoice: cancel that, then delete it.", "ChargeItem.status");
    },
  },
  {
    id: "charge-item-listed",
    group: "deletion",
    says: "A charge that an Invoice names, also one that was cancelled, is not deleted.",
    check: () => undefined, // the invoices that name it are counted in the write itself (`billing.effects.ts`)
  },
  {
    id: "charge-item-currency",
    group: "money",
    holdsAlways: true,
    says: "A price in a currency without decimals (JPY) has none.",
    check({ before, after }) {
      const price = after?.priceOverride;
      if (!price || before?.priceOverride?.value === price.value || !hasNoDecimals(price) || !isTooFine(price)) return undefined;
      return tooFine("charge-item-currency", "ChargeItem.priceOverride", price);
    },
  },
  referencesExist<ChargeItem>("ChargeItem"),
];

/** Other prices may be finer than what can be paid: they are summed up before they are rounded. */
const hasNoDecimals = ({ currency = "" }: Money): boolean => exponentOf(currency) === 0;

/** The sum of the lines' base prices; undefined where a line has none, or another currency. */
function sumOf({ lineItem = [] }: Invoice): Money | undefined {
  const amounts = lineItem.flatMap(({ priceComponent = [] }) => priceComponent.map(({ amount, type }) => ({ amount, type })));
  const [first] = amounts;
  if (!first?.amount || amounts.some(({ amount, type }) => type !== "base" || amount?.currency !== first.amount?.currency)) {
    return undefined;
  }
  const value = amounts.reduce((sum, { amount }) => sum + (numberOf(amount?.value) ?? Number.NaN), 0);
  return Number.isFinite(value) ? { value, ...(first.amount.currency && { currency: first.amount.currency }) } : undefined;
}

/** What an Invoice asks for that it did not before. */
function newlyBilled({ before, after }: Change<Invoice>): string[] {
  const known = billedBy(before);
  return billedBy(after).filter((it) => !known.includes(it));
}

const NOT_PAID_FOR = ["aborted", "not-billable", "entered-in-error"];
const statusOf = (resource: object | undefined): string => (resource as { status?: string } | undefined)?.status ?? "";

const invoice: Rule<Invoice>[] = [
  statusSteps<Invoice>("Invoice", STATUS_STEPS.Invoice, { says: "An issued Invoice is balanced or cancelled; a cancelled one stays so." }),
  finalStays<Invoice>("Invoice", { isFinal: isInForce, openly: [], besides: ["cancelledReason", "paymentTerms"] }),
  amendmentReason<Invoice>("Invoice", { isFinal: isInForce, by: ["cancelled", "entered-in-error"], elements: ["cancelledReason", "note"] }),
  subjectStays<Invoice>("Invoice", "subject", ({ subject }) => subject),
  {
    id: "invoice-deleted",
    group: "deletion",
    says: "An issued Invoice is not deleted.",
    check({ op, before }) {
      if (op !== "delete" || !before || !isInForce(before)) return undefined;
      return refusal("invoice-deleted", "The invoice is issued: cancel it instead.", "Invoice.status");
    },
  },
  {
    id: "invoice-total",
    group: "money",
    holdsAlways: true,
    says: "The total of an issued Invoice is the sum of its lines, in amounts that its currency has.",
    check({ before, after }: Change<Invoice>) {
      if (!after || !isInForce(after) || (before && isInForce(before))) return undefined;
      const { totalNet, totalGross } = after;
      for (const [name, total] of Object.entries({ totalNet, totalGross })) {
        if (total && isTooFine(total)) return tooFine("invoice-total", `Invoice.${name}`, total);
      }
      const sum = sumOf(after);
      if (!sum || !totalNet || numberOf(totalNet.value) === undefined) return undefined;
      const off = Math.abs((numberOf(totalNet.value) as number) - (sum.value as number));
      if (off <= 0.5 * 10 ** -exponentOf(sum.currency ?? "") + 1e-9) return undefined;
      return {
        code: 422,
        type: ruleType("invoice-total"),
        message: "The total is not the sum of the lines: correct one of them.",
        at: "Invoice.totalNet",
      };
    },
  },
  referencesExist<Invoice>("Invoice"),
  {
    id: "invoice-charges",
    group: "money",
    says: "What an Invoice asks for is to be paid for: no charge that was aborted, is not billable, or is an error.",
    facts: newlyBilled,
    check(change, facts) {
      const wrong = newlyBilled(change).find((it) => NOT_PAID_FOR.includes(statusOf(facts.of(it)?.resource)));
      if (wrong === undefined) return undefined;
      return refusal("invoice-charges", `${wrong} is not to be paid for: leave it out, or correct it first.`, "Invoice.lineItem");
    },
  },
  {
    id: "invoice-credited",
    group: "money",
    says: "An Invoice that is credited in part is not cancelled as a whole.",
    check: () => undefined, // its credit notes are counted in the write itself (`billing.effects.ts`)
  },
];

/** What holds for charges and invoices, whoever writes them. */
export const rules: RulesOf = { ChargeItem: charge, Invoice: invoice };
