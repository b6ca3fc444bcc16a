import type { Invariants } from "../../mixins/fhir/rules/invariants.ts";
import { chargesOn, isInForce, LISTED, listedCounter } from "./billing.model.ts";
import { countedOf, PAID, paidCounter } from "./payments/payment.model.ts";
import { billedBy, CREDIT, CREDITED, creditCounter, creditedBy, creditedCounter, UNCREDITED, uncreditedCounter } from "./credit.model.ts";
import { settledElsewhere } from "./payments/balance.model.ts";
import { type Credit, creditOf } from "./payments/payments.effects.ts";

/** The counters of a credit note. */
const creditCounters = (note: string, { bill, cents }: Credit): [string, number][] => [
  [creditedCounter(bill), -cents],
  [creditCounter(bill, note), cents],
  [paidCounter(bill), -cents],
];

/** The charges of an invoice in force are billed (a unique key keeps them from being on two), and the counters agree with the invoices. */
export const invariants: Invariants = {
  standings: {
    ChargeItem: {
      gives: ({ status, id }) => (status === "billed" ? [`the billed charge ChargeItem/${id}`] : []),
      mended(charge, isNeeded) {
        if (!isNeeded) return { ...charge, status: "billable" };
        return ["planned", "billable"].includes(charge.status) ? { ...charge, status: "billed" } : undefined;
      },
    },
    Invoice: {
      needs: (invoice) => billedBy(invoice).map((it) => `the billed charge ${it}`),
      counters(invoice, has) {
        const reference = `Invoice/${invoice.id}`;
        const [credit, settled] = [creditOf(invoice), settledElsewhere(invoice)];
        const credited = isInForce(invoice) ? creditedBy(invoice) : undefined;
        return [
          ...(credited === undefined ? [] : [[uncreditedCounter(credited), -1] as [string, number]]),
          ...(credit && has(creditCounter(credit.bill, reference)) ? creditCounters(reference, credit) : []),
          ...(settled > 0 ? [[paidCounter(reference), -settled] as [string, number]] : []),
          ...[...new Set(chargesOn(invoice))].map((it): [string, number] => [listedCounter(it), -1]),
        ];
      },
    },
    PaymentReconciliation: { counters: (payment) => [...countedOf(payment)] },
  },
  counted: [UNCREDITED, CREDITED, CREDIT, LISTED, PAID],
};
