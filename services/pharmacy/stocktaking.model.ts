import { numberOf } from "../../fhir/json.ts";
import type { SupplyDelivery } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { REASON } from "../../mixins/fhir/rules/reasons.ts";
import type { Code, Where } from "./pharmacy.contract.ts";
import { deliveryOf } from "./pharmacy.model.ts";

// Corrections of the stock: a delivery to or from the pharmacy. Plain data in and out.

/** URL of a modifier extension of a SupplyDelivery: the item was taken from stock (broken, expired, missing), not added. */
const WITHDRAWAL = "urn:openward:stock-withdrawal";
/** URL of an extension of a SupplyDelivery that a count has made: the recorded stock at that time. */
const BOOKED = "urn:openward:stock-booked";

/** Whether a delivery takes from stock. */
export const isWithdrawal = (delivery: SupplyDelivery | undefined): boolean =>
  delivery?.modifierExtension?.some(({ url, valueBoolean }) => url === WITHDRAWAL && valueBoolean === true) ?? false;

/** URL of a modifier extension of a SupplyDelivery: it moves the item from this place (a Location; true: the default one) to its destination. */
const ORIGIN = "urn:openward:stock-origin";

/** The origin of a transfer, "Location/…"; "" is the default place; undefined: it is no transfer. */
export function originOf(delivery: SupplyDelivery | undefined): string | undefined {
  const origin = delivery?.modifierExtension?.find(({ url }) => url === ORIGIN);
  return origin && (localReference(origin.valueReference?.reference) ?? "");
}

/** The recorded stock that a count requires; undefined: any. */
export const bookedBefore = (delivery: SupplyDelivery | undefined): number | undefined =>
  numberOf(delivery?.extension?.find(({ url }) => url === BOOKED)?.valueDecimal);

/**
 * The delivery that corrects the stock.
 * @param by units more (or, if negative, less) than recorded
 * @param booked the recorded stock that is required
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

/** The delivery of a transfer between two places. */
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
