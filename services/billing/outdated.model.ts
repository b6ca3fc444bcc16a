import { numberOf } from "../../fhir/json.ts";
import { isOpen } from "../../fhir/open-encounters.ts";
import type { ChargeItem, FhirResource, Stored } from "../../fhir/r4.ts";
import { ACT, type Act, chargeForAct, chargeIdOf } from "./acts.model.ts";
import type { OutdatedCharge, Price } from "./billing.contract.ts";
import { chargeOf } from "./billing.model.ts";

// What was billed, and has changed since: plain data in, plain data out. No broker, no database, no clock.

/** A charge on a bill that follows an act. */
export interface BilledAct {
  invoice: string; // "Invoice/…"
  item: Stored<ChargeItem>;
  /** "Encounter/…", "Observation/…" or "MedicationDispense/…" */
  reference: string;
}

/** The act that a charge follows; undefined for one that a person has made. */
export function followedBy({ id, identifier = [] }: Stored<ChargeItem>): string | undefined {
  const act = identifier.find(({ system }) => system === ACT)?.value;
  return act !== undefined && id === chargeIdOf(act) ? act : undefined;
}

/** An act as it is now. */
export interface PresentAct {
  /** Absent: it was deleted. */
  resource?: FhirResource | undefined;
  act?: Act | undefined;
  /** The present price of its code. */
  listed?: Price | undefined;
}

function changeOf(item: ChargeItem, now: ChargeItem, { resource, act }: PresentAct): OutdatedCharge["change"] | undefined {
  if (act?.state !== "done") return resource?.resourceType === "Encounter" && isOpen(resource) ? "unfinished" : "undone";
  const [was, is] = [item, now].map(({ code }) => code.coding?.[0]);
  if (now.status === "aborted" || was?.code !== is?.code || was?.system !== is?.system) return "other";
  return numberOf(item.quantity?.value) === numberOf(now.quantity?.value) ? undefined : "quantity";
}

/** How a billed charge differs from what it would be if its bill were cancelled; undefined: it agrees, at least in what is asked for. */
export function outdatedCharge({ invoice, item, reference }: BilledAct, present: PresentAct): OutdatedCharge | undefined {
  const now = chargeForAct(reference, present.act, present.listed, { ...item, status: "billable" });
  const change = now && changeOf(item, now, present);
  if (!now || change === undefined) return undefined;
  const { charge, text, cents, currency } = chargeOf(item);
  const asked = now.status === "aborted" ? { cents: 0, currency } : chargeOf(now);
  const isKnown = change !== "unfinished" && asked.currency === currency;
  return {
    invoice,
    charge,
    act: reference,
    text,
    change,
    billed: numberOf(item.quantity?.value) ?? 1,
    present: now.status === "aborted" ? 0 : (numberOf(now.quantity?.value) ?? 1),
    ...(item.quantity?.code !== undefined && { unit: item.quantity.code }),
    ...(isKnown && { cents: asked.cents - cents }),
    currency,
  };
}
