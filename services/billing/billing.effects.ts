import type { ChargeItem, Invoice } from "../../fhir/r4.ts";
import { refusal, ruleType } from "../../mixins/fhir/rules/common.ts";
import type { Effect, EffectsOf, EffectTools, FullEffect, Movement } from "../../mixins/fhir/rules/effects.ts";
import { type Change, type Facts, type Refusal, refusalBy } from "../../mixins/fhir/rules/rule.ts";
import { invoiceCredited } from "./billing.errors.ts";
import { chargesOn, isInForce, listedCounter } from "./billing.model.ts";
import { billedBy, creditedBy, uncreditedCounter } from "./credit.model.ts";
import { credited, paid, paidStays } from "./payments/payments.effects.ts";
import { typed } from "../../fhir/typed.ts";

const creditedIn = (invoice: Invoice | undefined): string | undefined => (invoice && isInForce(invoice) ? creditedBy(invoice) : undefined);

/** Counts the credit notes of an Invoice, whoever writes them: a search before its cancellation could be outdated. */
function credits({ before, after, reference }: Change<Invoice>): Movement[] {
  const movements: Movement[] = [];
  const [was, is] = [creditedIn(before), creditedIn(after)];
  if (is !== undefined && is !== was) movements.push({ counter: uncreditedCounter(is), by: -1 });
  if (was !== undefined && is !== was) movements.push({ counter: uncreditedCounter(was), by: 1 });
  const isCancelled = before !== undefined && isInForce(before) && !(after && isInForce(after));
  if (isCancelled && was === undefined) {
    const held = refusalBy(invoiceCredited(reference), "Invoice.status");
    movements.push({
      counter: uncreditedCounter(reference),
      by: 0,
      isExact: true,
      bound: { min: 0, rule: "invoice-credited", refusal: held },
    });
  }
  return movements;
}

/** Members of the second list that are not in the first. */
const newIn = (before: string[], after: string[]): string[] => [...new Set(after)].filter((it) => !before.includes(it));

/** Sets the charges of an Invoice in force to billed, and free again when it no longer is; each charge counts the Invoices that name it. */
async function charges({ before, after }: Change<Invoice>, { read }: EffectTools): Promise<Omit<FullEffect, "refusals">> {
  const effect: Omit<FullEffect, "refusals"> = { movements: [], changes: [] };
  const [listed, lists] = [before ? chargesOn(before) : [], after ? chargesOn(after) : []];
  for (const charge of newIn(listed, lists)) effect.movements.push({ counter: listedCounter(charge), by: -1 });
  for (const charge of newIn(lists, listed)) effect.movements.push({ counter: listedCounter(charge), by: 1 });
  const [billed, bills] = [billedBy(before), billedBy(after)];
  const status = { billed: newIn(billed, bills), billable: newIn(bills, billed) } as const;
  for (const [becomes, all] of Object.entries(status) as ["billed" | "billable", string[]][]) {
    for (const reference of all) {
      const charge = await read<ChargeItem>(reference);
      if (charge && (charge.status === "billed") !== (becomes === "billed")) effect.changes.push({ ...charge, status: becomes });
    }
  }
  return effect;
}

async function invoiced(change: Change<Invoice>, tools: EffectTools): Promise<Effect> {
  const [{ movements, changes }, held, books] = [
    await charges(change, tools),
    await paidStays(change, tools),
    await credited(change, tools),
  ];
  return {
    movements: [...credits(change), ...held.movements, ...books.movements, ...movements],
    changes: [...books.changes, ...changes],
    refusals: [...(held.refusals ?? []), ...books.refusals],
  };
}

const LISTED = refusal("charge-item-listed", "An invoice names the charge: mark it as entered in error instead.", "ChargeItem");

const BILLED: Refusal = {
  code: 409,
  type: ruleType("charge-item-status"),
  message: "An Invoice names the charge: cancel it in the same transaction.",
  at: "ChargeItem.status",
};

/** Whether the same write removes the charge from its Invoice. */
const isTakenBack = (charge: string, facts: Facts): boolean =>
  facts.written("Invoice").some((it) => {
    const before = typed<Invoice>(facts.replacedBy(it));
    if (isInForce(typed<Invoice>(it)) || !before || !isInForce(before) || creditedBy(before) !== undefined) return false;
    return chargesOn(before).includes(charge);
  });

async function charged({ before, after, reference }: Change<ChargeItem>, { facts }: EffectTools): Promise<Effect | undefined> {
  if (before?.status === "billed" && after?.status === "billable" && !isTakenBack(reference, facts)) {
    const bound = { min: 0, rule: "charge-item-status", refusal: BILLED };
    return { movements: [{ counter: listedCounter(reference), by: 0, isExact: true, bound }] };
  }
  if (!before || after) return undefined;
  return { movements: [{ counter: listedCounter(reference), by: 0, bound: { min: 0, rule: "charge-item-listed", refusal: LISTED } }] };
}

/** The effects of invoices, charges and payments. */
export const effects: EffectsOf = { Invoice: invoiced, ChargeItem: charged, PaymentReconciliation: paid };
