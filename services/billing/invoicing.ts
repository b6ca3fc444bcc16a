/** Bills the open charges of an encounter, or those of a patient that belong to none. */
import { v7 as timeOrderedId } from "uuid";
import type { ChargeItem, Stored } from "../../fhir/r4.ts";
import { isType } from "../../federation/errors.ts";
import type { WithFhir } from "../../mixins/fhir/fhir.ts";
import { change, creation } from "../../mixins/fhir/write-steps.ts";
import type { Bill } from "./billing.contract.ts";
import { CHARGE_INVOICED, chargesChanged } from "./billing.errors.ts";
import { type Billed, chargesOf, isOfThese, isOpen, newInvoice, referenceOf } from "./billing.model.ts";

/** Charges on one bill, which is one atomic write; further ones go on the next. */
export const MAX_CHARGES = 1_000;

/** FHIR has no search parameter for a charge's status: all charges are read, billed ones too. */
async function openCharges({ fhir }: WithFhir, of: Billed): Promise<{ items: Stored<ChargeItem>[]; left: number }> {
  const open: { items: Stored<ChargeItem>[]; left: number } = { items: [], left: 0 };
  for await (const item of fhir.each({ type: "ChargeItem", clauses: chargesOf(of) })) {
    if (!isOpen(item) || !isOfThese(item, of)) continue;
    if (open.items.length < MAX_CHARGES) open.items.push(item);
    else open.left += 1;
  }
  return open;
}

/**
 * Issues the bill, and sets its charges to billed, in one write.
 * @param seen the sum that the caller has read
 * @throws 409 CHARGES_CHANGED, and as `newInvoice`
 */
export async function issueBill(service: WithFhir, of: Billed, seen: number | undefined): Promise<Bill> {
  const { bill, invoice, charges } = newInvoice(timeOrderedId(), of, await openCharges(service, of), new Date());
  if (seen !== undefined && seen !== bill.cents) throw chargesChanged(referenceOf(of));
  try {
    await service.fhir.write([creation(invoice), ...charges.map(change)]);
  } catch (error) {
    throw isType(error, "STALE_VERSION") || isType(error, CHARGE_INVOICED) ? chargesChanged(referenceOf(of)) : error;
  }
  return bill;
}
