import type { Encounter, Extension } from "../../fhir/r4.ts";

/** A move that was asked for: the place in the stay's Encounter is `planned`, `reserved` once the other ward has accepted it. */
export interface TransferRequest {
  /** "Location/…": the bed, room or ward. */
  to: string;
  status: "requested" | "accepted" | "denied";
  /** Why it was denied. */
  reason?: string;
}

/** URL of an extension of an Encounter: the last move that was asked for was denied, `to` where and for what `reason`; until the next. */
export const TRANSFER_DENIED = "urn:openward:transfer-denied";

const partOf = ({ extension = [] }: Extension, url: string): Extension | undefined => extension.find((part) => part.url === url);

/** The move that is asked for; undefined: none is, and none was denied. */
export function transferOf({ status, location = [], extension = [] }: Encounter): TransferRequest | undefined {
  if (status === "planned") return undefined; // it is a request for admission
  const asked = location.findLast((place) => place.status === "planned" || place.status === "reserved");
  const to = asked?.location.reference;
  if (asked && to !== undefined) return { to, status: asked.status === "reserved" ? "accepted" : "requested" };
  const denied = extension.find(({ url }) => url === TRANSFER_DENIED);
  const where = denied && partOf(denied, "to")?.valueReference?.reference;
  const reason = denied && partOf(denied, "reason")?.valueString;
  return where === undefined ? undefined : { to: where, status: "denied", ...(reason !== undefined && { reason }) };
}
