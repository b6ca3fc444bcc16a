import type { ChargeItem, Invoice } from "../../fhir/r4.ts";
import type { Invariants } from "../../mixins/fhir/rules/invariants.ts";
import { chargesOn, isInForce } from "./billing.model.ts";
import { creditedBy, UNCREDITED, uncreditedCounter } from "./credit.model.ts";

const isBill = (invoice: Invoice): boolean => isInForce(invoice) && creditedBy(invoice) === undefined;
const billed = ({ status, id }: ChargeItem): string[] => (status === "billed" ? [`ChargeItem/${id}`] : []);

/** A billed charge is on exactly one invoice in force, and what an invoice names is billed. */
export const invariants: Invariants = {
  standings: {
    ChargeItem: {
      needs: (charge) => billed(charge).map((it) => `an invoice in force with ${it}`),
      gives: (charge) => billed(charge).map((it) => `the billed charge ${it}`),
    },
    Invoice: {
      needs: (invoice) => (isBill(invoice) ? chargesOn(invoice).map((it) => `the billed charge ${it}`) : []),
      gives: (invoice) => (isBill(invoice) ? chargesOn(invoice).map((it) => `an invoice in force with ${it}`) : []),
      counters(invoice) {
        const credited = isInForce(invoice) ? creditedBy(invoice) : undefined;
        return credited === undefined ? [] : [[uncreditedCounter(credited), -1]];
      },
    },
  },
  counted: [UNCREDITED],
};
