import { numberOf } from "../../fhir/json.ts";
import type { SupplyDelivery } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { REASON } from "../../mixins/fhir/rules/reasons.ts";
import type { Code, Where } from "./pharmacy.contract.ts";
import { deliveryOf } from "./pharmacy.model.ts";

// What is found or missing on the shelf: a delivery to the pharmacy, or one from it. Plain data in and out.

/** Modifier of a SupplyDelivery: what it names was taken off the shelf (broken, expired, missing), not brought. */
const WITHDRAWAL = "urn:openward:stock-withdrawal";
/** Of a SupplyDelivery that a count has made: the units that were on the shelf by the books. */
const BOOKED = "urn:openward:stock-booked";

/** Whether a delivery takes something off the shelf. */
export const isWithdrawal = (delivery: SupplyDelivery | undefined): boolean =>
  delivery?.modifierExtension?.some(({ url, valueBoolean }) => url === WITHDRAWAL && valueBoolean === true) ?? false;

/** Modifier of a SupplyDelivery: it moves what it names from this place (a Location; true: the default one) to its destination. */
const ORIGIN = "urn:openward:stock-origin";

/** "Location/…" from where a delivery moves something to another place; "" is the default one; undefined: it moves nothing so. */
export function originOf(delivery: SupplyDelivery | undefined): string | undefined {
  const origin = delivery?.modifierExtension?.find(({ url }) => url === ORIGIN);
  return origin && (localReference(origin.valueReference?.reference) ?? "");
}

/** Units that must be on the shelf by the books; undefined: however many. */
export const bookedBefore = (delivery: SupplyDelivery | undefined): number | undefined =>
  numberOf(delivery?.extension?.find(({ url }) => url === BOOKED)?.valueDecimal);

/**
 * The delivery that puts the books right.
 * @param by units more (or, below zero, less) than by the books
 * @param booked what the books must say still
 */
export function adjustmentOf(
  id: string,
  { by, reason, booked, ...of }: Where & { medication: Code; by: number; reason: string; booked?: number },
  now: Date,
): SupplyDelivery & { id: string } {
  return {
    ...deliveryOf(id, { ...of, quantity: Math.abs(by) }, now),
    extension: [{ url: REASON, valueString: reason }, ...(booked === undefined ? [] : [{ url: BOOKED, valueDecimal: booked }])],
    ...(by < 0 && { modifierExtension: [{ url: WITHDRAWAL, valueBoolean: true }] }),
  };
}

/** The delivery that moves something from one place to another. */
export function transferOf(
  id: string,
  { from, to, ...of }: { medication: Code; quantity: number; from?: string; to?: string; lot?: string },
  now: Date,
): SupplyDelivery & { id: string } {
  return {
    ...deliveryOf(id, { ...of, ...(to !== undefined && { place: to }) }, now),
    modifierExtension: [{ url: ORIGIN, ...(from === undefined ? { valueBoolean: true } : { valueReference: { reference: from } }) }],
  };
}
