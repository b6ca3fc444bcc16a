import type { Encounter, Extension } from "../../fhir/r4.ts";

/** A requested transfer: the place in the stay's Encounter is `planned`, and `reserved` once the receiving ward has accepted. */
export interface TransferRequest {
  /** "Location/…": the bed, room or ward. */
  to: string;
  status: "requested" | "accepted" | "denied";
  /** Reason for the denial. */
  reason?: string;
}

/** URL of an extension of an Encounter: the last requested transfer was denied, with `to` and `reason`; kept until the next one. */
export const TRANSFER_DENIED = "urn:openward:transfer-denied";

const partOf = ({ extension = [] }: Extension, url: string): Extension | undefined => extension.find((part) => part.url === url);

/** The requested transfer; undefined: none is requested, and none was denied. */
export function transferOf({ status, location = [], extension = [] }: Encounter): TransferRequest | undefined {
  if (status === "planned") return undefined; // an admission request
  const asked = location.findLast((place) => place.status === "planned" || place.status === "reserved");
  const to = asked?.location.reference;
  if (asked && to !== undefined) return { to, status: asked.status === "reserved" ? "accepted" : "requested" };
  const denied = extension.find(({ url }) => url === TRANSFER_DENIED);
  const where = denied && partOf(denied, "to")?.valueReference?.reference;
  const reason = denied && partOf(denied, "reason")?.valueString;
  return where === undefined ? undefined : { to: where, status: "denied", ...(reason !== undefined && { reason }) };
}
