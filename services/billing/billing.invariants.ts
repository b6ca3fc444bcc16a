import type { Invariants } from "../../mixins/fhir/rules/invariants.ts";
import { chargesOn, isInForce, LISTED, listedCounter } from "./billing.model.ts";
import { countedOf, PAID } from "./payments/payment.model.ts";
import { billedBy, creditedBy, UNCREDITED, uncreditedCounter } from "./credit.model.ts";

/** What an invoice in force asks for is billed (that no other asks for it is a unique key), and what is counted is so. */
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
      counters(invoice) {
        const credited = isInForce(invoice) ? creditedBy(invoice) : undefined;
        return [
          ...(credited === undefined ? [] : [[uncreditedCounter(credited), -1] as [string, number]]),
          ...[...new Set(chargesOn(invoice))].map((it): [string, number] => [listedCounter(it), -1]),
        ];
      },
    },
    PaymentReconciliation: { counters: (payment) => [...countedOf(payment)] },
  },
  counted: [UNCREDITED, LISTED, PAID],
};
