import type { Invoice, PaymentReconciliation } from "../../../fhir/r4.ts";
import { typed } from "../../../fhir/typed.ts";
import { refusal, statusSteps, unlessHere } from "../../../mixins/fhir/rules/common.ts";
import { finalStays } from "../../../mixins/fhir/rules/final.ts";
import type { Change, Facts, Rule } from "../../../mixins/fhir/rules/rule.ts";
import { STATUS_STEPS } from "../../../mixins/fhir/rules/statuses.ts";
import { invoiceNotInForce } from "../billing.errors.ts";
import { isInForce } from "../billing.model.ts";
import { askedBy, centsByInvoice, centsOf, paidFor, takenBackBy } from "./payment.model.ts";

type Paying = Change<PaymentReconciliation>;

/** Whether it pays an Invoice of this hospital. */
const isPayment = (resource: PaymentReconciliation): boolean => paidFor(resource).length > 0;

/** A payment that this change puts into force. */
const newlyPaid = ({ before, after }: Paying): PaymentReconciliation | undefined =>
  after && isPayment(after) && !(before && isPayment(before)) ? after : undefined;

/** The reason for which a payment does not fit its Invoices. */
function reasonAgainst(payment: PaymentReconciliation, facts: Facts): string | undefined {
  for (const { invoice: reference, amount } of paidFor(payment)) {
    const invoice = typed<Invoice>(facts.of(reference)?.resource);
    const asked = invoice && askedBy(invoice);
    if (!asked) return `${reference} asks for nothing, or is not here: name an Invoice with a total.`;
    if (!isInForce(invoice)) return invoiceNotInForce(reference).message;
    if (amount.currency !== asked.currency) return `${reference} is in ${asked.currency}: pay in that currency.`;
    const isBack = takenBackBy(payment) !== undefined;
    const isOfSign = Math.sign(centsOf(amount)) === (isBack ? -1 : 1) * Math.sign(centsOf(asked));
    if (!isOfSign) return `The amount for ${reference} has the wrong sign: the payment of an Invoice is above zero.`;
  }
  if ((payment.detail ?? []).length > paidFor(payment).length) return undefined; // it also pays others
  const sum = [...centsByInvoice(payment).values()].reduce((all, one) => all + one, 0);
  return sum === centsOf(payment.paymentAmount) ? undefined : "The amount is not the sum of its details.";
}

/** The reason for which this cannot reverse that payment. */
function reasonAgainstBack(payment: PaymentReconciliation, taken: string, facts: Facts): string | undefined {
  const first = typed<PaymentReconciliation>(facts.of(taken)?.resource);
  if (!first || !isPayment(first) || takenBackBy(first) !== undefined) return `${taken} is no payment of an Invoice here.`;
  const [was, is] = [centsByInvoice(first), centsByInvoice(payment)];
  const isOpposite = was.size === is.size && [...was].every(([invoice, cents]) => is.get(invoice) === -cents);
  return isOpposite ? undefined : `It must be the whole amount of ${taken}, with the opposite sign.`;
}

/** The rules of payments. */
export const paymentRules: Rule<PaymentReconciliation>[] = [
  statusSteps<PaymentReconciliation>("PaymentReconciliation", STATUS_STEPS.PaymentReconciliation, {
    says: "A payment of an Invoice stays; another payment reverses it.",
    isAct: isPayment,
    sealed: ["active"],
  }),
  finalStays<PaymentReconciliation>("PaymentReconciliation", { isFinal: isPayment, openly: [] }),
  {
    id: "payment-reconciliation-deleted",
    group: "deletion",
    says: "A payment of an Invoice is not deleted.",
    check({ op, before }) {
      if (op !== "delete" || !before || !isPayment(before)) return undefined;
      return refusal("payment-reconciliation-deleted", "It was paid: take it back by another payment.", "PaymentReconciliation.status");
    },
  },
  {
    id: "payment-reconciliation-invoice",
    group: "money",
    says: "A payment is for an Invoice in force, in its currency, and its parts add up to the whole; a payment for a credit note is paid out.",
    facts: (change) => paidFor(newlyPaid(change)).map(({ invoice }) => invoice),
    check(change, facts) {
      const payment = newlyPaid(change);
      const reason = payment && reasonAgainst(payment, facts);
      if (reason === undefined) return undefined;
      const invoices = paidFor(payment).map(({ invoice }) => invoice);
      return unlessHere(refusal("payment-reconciliation-invoice", reason, "PaymentReconciliation.detail"), invoices, facts);
    },
  },
  {
    id: "payment-reconciliation-back",
    group: "money",
    says: "A payment is reversed as a whole, and once.",
    facts: (change) => [newlyPaid(change)].flatMap((payment) => (payment && takenBackBy(payment)) ?? []),
    check(change, facts) {
      const payment = newlyPaid(change);
      const taken = payment && takenBackBy(payment);
      const reason = taken === undefined ? undefined : reasonAgainstBack(payment as PaymentReconciliation, taken, facts);
      if (taken === undefined || reason === undefined) return undefined;
      return unlessHere(refusal("payment-reconciliation-back", reason, "PaymentReconciliation.extension"), [taken], facts);
    },
  },
  {
    id: "payment-reconciliation-amount",
    group: "money",
    says: "The payments of an Invoice do not exceed its amount less its credits, however many are made at once; no more is paid back for a credit note than was overpaid; an Invoice with nothing left to pay is balanced.",
    check: () => undefined, // the write itself counts payments (`payments.effects.ts`)
  },
];
