import { createHash } from "node:crypto";
import { intervalOf } from "../../fhir/dates.ts";
import { numberOf } from "../../fhir/json.ts";
import type {
  ChargeItem,
  ChargeItemDefinition,
  Coding,
  Encounter,
  FhirResource,
  Medication,
  MedicationDispense,
  Observation,
  Period,
} from "../../fhir/r4.ts";
import { dayOf } from "../../fhir/time-zone.ts";
import { counted } from "../../store/counted.ts";
import type { UniqueKey } from "../../store/writes.ts";
import { INPATIENT } from "../hospitalizations/hospitalizations.contract.ts";
import { RETURNED } from "../pharmacy/pharmacy.contract.ts";
import type { Code, Price } from "./billing.contract.ts";
import { ACT_ALREADY_CHARGED } from "./billing.errors.ts";
import { money, unitsIn } from "./minor-units.ts";

// What is charged for by itself: visits and stays that end, laboratory results, dispenses. Plain data in, plain data out.

/** Names the act that a charge is for, so that it has one charge, by whichever door it is written. */
export const ACT = "urn:openward:charged-act";

/** Something that was done, as far as a charge needs it. */
export interface Act {
  /** "Encounter/…", "Observation/…", "MedicationDispense/…" */
  reference: string;
  /** Whether it is to be charged; an act that was never meant is no act. */
  state: "done" | "not done" | "entered in error";
  /** Codes that it may have a price by, the first that has one counts. */
  codes: Code[];
  quantity: number;
  unit?: { unit: string; system: string; code: string };
  patient?: string | undefined; // "Patient/…"
  encounter?: string | undefined; // "Encounter/…"
  occurrence: Pick<ChargeItem, "occurrenceDateTime" | "occurrencePeriod">;
}

/** The act that a resource is; undefined for what is never charged by itself. */
export function actOf(resource: FhirResource): Act | undefined {
  if (resource.resourceType === "Encounter") return encounterAct(resource);
  if (resource.resourceType === "Observation") return observationAct(resource);
  if (resource.resourceType === "MedicationDispense") return dispenseAct(resource);
  return undefined;
}

const stateOf = (status: string, done: string[]): Act["state"] =>
  done.includes(status) ? "done" : status === "entered-in-error" ? "entered in error" : "not done";

const codesOf = (codings: Coding[] = []): Code[] =>
  codings.flatMap(({ system = "", code, display }) =>
    code === undefined ? [] : [{ system, code, ...(display !== undefined && { display }) }],
  );

function encounterAct({ id, status, class: kind, subject, period }: Encounter): Act {
  const isStay = INPATIENT.includes(kind.code ?? "");
  return {
    reference: `Encounter/${id}`,
    state: stateOf(status, ["finished"]),
    codes: codesOf([kind]),
    quantity: isStay ? daysOf(period) : 1,
    ...(isStay && { unit: { unit: "day", system: "http://unitsofmeasure.org", code: "d" } }),
    patient: subject?.reference,
    encounter: `Encounter/${id}`,
    occurrence: period ? { occurrencePeriod: period } : {},
  };
}

/** Midnights, by the hospital's clocks, that a stay went over; one day at least. */
function daysOf({ start, end }: Period = {}): number {
  const [from, to] = [start, end].map((time) => {
    const [low] = (time !== undefined && intervalOf(time)) || [];
    return low === undefined ? undefined : dayOf(low);
  });
  return Math.max(1, (to ?? Number.NaN) - (from ?? Number.NaN) || 1);
}

function observationAct({ id, status, code, subject, encounter, effectiveDateTime }: Observation): Act {
  return {
    reference: `Observation/${id}`,
    state: stateOf(status, ["final", "amended", "corrected"]),
    codes: codesOf(code.coding),
    quantity: 1,
    patient: subject?.reference,
    encounter: encounter?.reference,
    occurrence: effectiveDateTime === undefined ? {} : { occurrenceDateTime: effectiveDateTime },
  };
}

/** What was given back is not paid for. */
function dispenseAct(dispense: MedicationDispense): Act {
  const { id, status, medicationCodeableConcept: concept, medicationReference, contained } = dispense;
  const { quantity, subject, context, whenHandedOver, extension } = dispense;
  const inside = contained?.find((it) => it.resourceType === "Medication" && medicationReference?.reference === `#${it.id}`) as
    | Medication
    | undefined;
  const returned = numberOf(extension?.find(({ url }) => url === RETURNED)?.valueDecimal) ?? 0;
  const kept = counted((numberOf(quantity?.value) ?? 1) - returned);
  return {
    reference: `MedicationDispense/${id}`,
    state: returned > 0 && kept <= 0 ? "not done" : stateOf(status, ["completed"]),
    codes: codesOf((concept ?? inside?.code)?.coding),
    quantity: kept,
    patient: subject?.reference,
    encounter: context?.reference,
    occurrence: whenHandedOver === undefined ? {} : { occurrenceDateTime: whenHandedOver },
  };
}

const hashed = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 40);

/** The id of the charge for an act, always the same. */
export const chargeIdOf = (reference: string): string => `act-${hashed(reference)}`;

/** One charge for each act. */
export function chargeKeys({ identifier = [] }: ChargeItem): UniqueKey[] {
  return identifier.flatMap(({ system, value }) => (system === ACT && value ? [{ key: `act:${value}`, error: ACT_ALREADY_CHARGED }] : []));
}

/**
 * The charge as it should be now; undefined when it may stay as it is, also as none. What is billed, or what a person has set to another
 * status, is left alone.
 * @param act undefined: deleted
 * @param price absent: none is set
 */
export function chargeForAct(
  reference: string,
  act: Act | undefined,
  price: Price | undefined,
  before: (ChargeItem & { id: string }) | undefined,
): (ChargeItem & { id: string }) | undefined {
  if (before && !["billable", "aborted"].includes(before.status)) return undefined;
  if (act?.state !== "done") {
    return before?.status === "billable" ? { ...before, status: "aborted" } : undefined;
  }
  if (!price || act.patient === undefined) {
    // Corrected to something that costs nothing. A price that was withdrawn since changes no charge.
    const isOther = before?.status === "billable" && !act.codes.some((code) => isCodeOf(before, code));
    return isOther ? { ...before, status: "aborted" } : undefined;
  }
  if (before && isChargeOf(before, act, price)) return before.status === "billable" ? undefined : { ...before, status: "billable" };
  const { context: _, ...kept } = before ?? {};
  return {
    ...kept,
    resourceType: "ChargeItem",
    id: chargeIdOf(reference),
    identifier: [{ system: ACT, value: reference }],
    status: "billable",
    code: { coding: [price.code] },
    subject: { reference: act.patient },
    ...(act.encounter !== undefined && { context: { reference: act.encounter } }),
    ...act.occurrence,
    quantity: { value: act.quantity, ...act.unit },
    priceOverride: money(Math.round(price.cents * act.quantity), price.currency),
    ...(!reference.startsWith("Encounter/") && { service: [{ reference }] }),
  };
}

/** Whether a charge is for this act as it is now. */
function isChargeOf(charge: ChargeItem, act: Act, { code }: Price): boolean {
  const { quantity, subject, context } = charge;
  const isOfSame = subject.reference === act.patient && context?.reference === act.encounter;
  return isOfSame && numberOf(quantity?.value) === act.quantity && isCodeOf(charge, code);
}

const isCodeOf = ({ code: { coding = [] } }: ChargeItem, { system, code }: Code): boolean =>
  coding[0]?.code === code && (coding[0]?.system ?? "") === system;

/** The id of the price of a code, always the same. */
export const priceIdOf = ({ system, code }: Code): string => `price-${hashed(`${system}|${code}`)}`;

/** The definition of what one unit costs. */
export function definitionOf({
  code,
  cents,
  currency,
}: {
  code: Code;
  cents: number;
  currency: string;
}): ChargeItemDefinition & { id: string } {
  const id = priceIdOf(code);
  return {
    resourceType: "ChargeItemDefinition",
    id,
    url: `urn:openward:price:${id}`,
    status: "active",
    code: { coding: [code] },
    propertyGroup: [{ priceComponent: [{ type: "base", amount: money(cents, currency) }] }],
  };
}

/** The price that a definition sets; undefined when it is not active, or sets none for a code. */
export function priceOf({ id, status, code, propertyGroup }: ChargeItemDefinition): Price | undefined {
  const [coding] = codesOf(code?.coding);
  const amount = propertyGroup?.flatMap(({ priceComponent = [] }) => priceComponent).find(({ type }) => type === "base")?.amount;
  const value = numberOf(amount?.value);
  if (status !== "active" || !coding || value === undefined) return undefined;
  return {
    definition: `ChargeItemDefinition/${id}`,
    code: coding,
    cents: unitsIn(value, amount?.currency ?? ""),
    currency: amount?.currency ?? "",
  };
}
