import type { Invoice } from "../../fhir/r4.ts";
import type { Effect, EffectsOf, Movement } from "../../mixins/fhir/rules/effects.ts";
import { type Change, refusalBy } from "../../mixins/fhir/rules/rule.ts";
import { invoiceCredited } from "./billing.errors.ts";
import { isInForce } from "./billing.model.ts";
import { creditedBy, uncreditedCounter } from "./credit.model.ts";

const creditedIn = (invoice: Invoice | undefined): string | undefined => (invoice && isInForce(invoice) ? creditedBy(invoice) : undefined);

/** How many credit notes an Invoice has is counted with each, whoever writes it: no look before its cancellation could be right. */
async function invoiced({ before, after, reference }: Change<Invoice>): Promise<Effect> {
  const movements: Movement[] = [];
  const [was, is] = [creditedIn(before), creditedIn(after)];
  if (is !== undefined && is !== was) movements.push({ counter: uncreditedCounter(is), by: -1 });
  if (was !== undefined && is !== was) movements.push({ counter: uncreditedCounter(was), by: 1 });
  const isCancelled = before !== undefined && isInForce(before) && !(after && isInForce(after));
  if (isCancelled && was === undefined) {
    const refusal = refusalBy(invoiceCredited(reference), "Invoice.status");
    movements.push({ counter: uncreditedCounter(reference), by: 0, isExact: true, bound: { min: 0, rule: "invoice-credited", refusal } });
  }
  return { movements };
}

/** What follows from a bill, whoever writes it. */
export const effects: EffectsOf = { Invoice: invoiced };
