import type { Encounter } from "../../fhir/r4.ts";
import { isOpen } from "../../fhir/open-encounters.ts";
import { alreadyDischarged, transferNotAsked } from "./hospitalizations.errors.ts";
import { TRANSFER_DENIED, transferOf } from "./transfers.contract.ts";
import { without } from "../../fhir/typed.ts";

// Requested transfers, and the receiving ward's answers; the patient stays in place meanwhile. Plain data in, plain data out.

const made = ({ location = [] }: Encounter): NonNullable<Encounter["location"]> =>
  location.filter(({ status }) => status !== "planned" && status !== "reserved");

/** The requested transfer, among the places of a stay. */
export const pendingIn = ({ location = [] }: Encounter): NonNullable<Encounter["location"]> =>
  location.filter(({ status }) => status === "planned" || status === "reserved");

/** The stay without the note that a transfer was denied. */
export function withoutDenial<Of extends Encounter>(stay: Of): Of {
  const left = (stay.extension ?? []).filter(({ url }) => url !== TRANSFER_DENIED);
  return { ...without(stay, "extension"), ...(left.length > 0 && { extension: left }) };
}

/** The stay with a requested transfer. @throws 409 ALREADY_DISCHARGED */
export function requestTransfer<Of extends Encounter>(stay: Of, to: string): Of {
  if (!isOpen(stay)) throw alreadyDischarged(`Encounter/${stay.id}`);
  return { ...withoutDenial(stay), location: [...made(stay), { location: { reference: to }, status: "planned" }] };
}

/** The stay with the transfer accepted, and a place reserved. @throws 409 TRANSFER_NOT_ASKED */
export function acceptTransfer<Of extends Encounter>(stay: Of): Of {
  const to = asked(stay);
  return { ...stay, location: [...made(stay), { location: { reference: to }, status: "reserved" }] };
}

/** The stay with the transfer denied. @throws 409 TRANSFER_NOT_ASKED */
export function denyTransfer<Of extends Encounter>(stay: Of, reason: string): Of {
  const parts = [
    { url: "to", valueReference: { reference: asked(stay) } },
    { url: "reason", valueString: reason },
  ];
  const without = withoutDenial(stay);
  return { ...without, location: made(stay), extension: [...(without.extension ?? []), { url: TRANSFER_DENIED, extension: parts }] };
}

/** The stay with the transfer withdrawn. @throws 409 TRANSFER_NOT_ASKED */
export function withdrawTransfer<Of extends Encounter>(stay: Of): Of {
  asked(stay);
  return { ...stay, location: made(stay) };
}

/** @throws 409 TRANSFER_NOT_ASKED */
function asked(stay: Encounter): string {
  const transfer = isOpen(stay) ? transferOf(stay) : undefined;
  if (!transfer || transfer.status === "denied") throw transferNotAsked(`Encounter/${stay.id}`);
  return transfer.to;
}
