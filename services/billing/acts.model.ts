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
  Money,
  Observation,
  Period,
  Reference,
} from "../../fhir/r4.ts";
import { dayOf } from "../../fhir/time-zone.ts";
import { localReference } from "../../federation/facts.ts";
import { counted } from "../../store/counted.ts";
import type { KeyOf } from "../../mixins/fhir/rules/unique-keys.ts";
import { INPATIENT } from "../hospitalizations/hospitalizations.contract.ts";
import { RETURNED } from "../pharmacy/pharmacy.contract.ts";
import type { Code, Price } from "./billing.contract.ts";
import { isPrice } from "./amounts.ts";
import { ACT_ALREADY_CHARGED } from "./billing.errors.ts";
import { fineUnitsIn, money, wholeUnits } from "../../fhir/minor-units.ts";

// Acts that are charged automatically: visits and stays that end, laboratory results, dispenses. Plain data in, plain data out.

/** Identifier system for the act of a charge, so that each act has one charge, whoever writes it. */
export const ACT = "urn:openward:charged-act";

/** The parts of an act that a charge needs. */
export interface Act {
  /** "Encounter/…", "Observation/…", "MedicationDispense/…" */
  reference: string;
  /** Whether it is to be charged. */
  state: "done" | "not done" | "entered in error";
  /** Codes by which it may have a price; the first with a price is used. */
  codes: Code[];
  quantity: number;
  unit?: { unit: string; system: string; code: string };
  patient?: string | undefined; // "Patient/…"
  encounter?: string | undefined; // "Encounter/…"
  occurrence: Pick<ChargeItem, "occurrenceDateTime" | "occurrencePeriod">;
}

/** The Medication, stored for itself, by which a dispense names what was handed out: "Medication/…". */
export function medicationOf(resource: FhirResource): string | undefined {
  if (resource.resourceType !== "MedicationDispense" || resource.medicationCodeableConcept) return undefined;
  const place = localReference(resource.medicationReference?.reference);
  return place?.startsWith("Medication/") ? place : undefined;
}

/**
 * The act of a resource; undefined for resources that are not charged automatically.
 * @param medication the one that `medicationOf` names, if there is one
 */
export function actOf(resource: FhirResource, medication?: Medication): Act | undefined {
  if (resource.resourceType === "Encounter") return encounterAct(resource);
  if (resource.resourceType === "Observation") return observationAct(resource);
  if (resource.resourceType === "MedicationDispense") return dispenseAct(resource, medication);
  return undefined;
}

const stateOf = (status: string, done: string[]): Act["state"] =>
  done.includes(status) ? "done" : status === "entered-in-error" ? "entered in error" : "not done";

const codesOf = (codings: Coding[] = []): Code[] =>
  codings.flatMap(({ system = "", code, display }) =>
    code === undefined ? [] : [{ system, code, ...(display !== undefined && { display }) }],
  );

/** Who may be charged; undefined for a sample of a device or a place, such as a quality control. */
const payerIn = (subject: Reference | undefined): string | undefined =>
  /(?:^|\/)(?:Patient|Group)\/[^/]+(?:\/_history\/\d+)?$/.test(subject?.reference ?? "") ? subject?.reference : undefined;

function encounterAct({ id, status, class: kind, subject, period }: Encounter): Act {
  const isStay = INPATIENT.includes(kind.code ?? "");
  return {
    reference: `Encounter/${id}`,
    state: stateOf(status, ["finished"]),
    codes: codesOf([kind]),
    quantity: isStay ? daysOf(period) : 1,
    ...(isStay && { unit: { unit: "day", system: "http://unitsofmeasure.org", code: "d" } }),
    patient: payerIn(subject),
    encounter: `Encounter/${id}`,
    occurrence: period ? { occurrencePeriod: period } : {},
  };
}

/** Midnights of a stay by the hospital's clocks; at least one. */
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
    patient: payerIn(subject),
    encounter: encounter?.reference,
    occurrence: effectiveDateTime === undefined ? {} : { occurrenceDateTime: effectiveDateTime },
  };
}

/** A dispense without the quantity that was returned. */
function dispenseAct(dispense: MedicationDispense, medication: Medication | undefined): Act {
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
    codes: codesOf((concept ?? inside?.code ?? medication?.code)?.coding),
    quantity: kept,
    patient: payerIn(subject),
    encounter: context?.reference,
    occurrence: whenHandedOver === undefined ? {} : { occurrenceDateTime: whenHandedOver },
  };
}

const hashed = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 40);

/** The id of an act's charge, which is always the same. */
export const chargeIdOf = (reference: string): string => `act-${hashed(reference)}`;

/** Unique keys: one charge for each act. */
export function chargeKeys({ identifier = [] }: ChargeItem): KeyOf[] {
  const says = "This act has a charge already: change that one.";
  return identifier.flatMap(({ system, value }) =>
    system === ACT && value ? [{ key: `act:${value}`, error: ACT_ALREADY_CHARGED, says, at: "ChargeItem.identifier" }] : [],
  );
}

/**
 * The charge as it should be now; undefined if it stays as it is, or if there is none. A billed charge, or one that a person has set to another
 * status, is not changed.
 * @param act undefined: deleted
 * @param listed the present price; absent: there is none
 */
export function chargeForAct(
  reference: string,
  act: Act | undefined,
  listed: Price | undefined,
  before: (ChargeItem & { id: string }) | undefined,
): (ChargeItem & { id: string }) | undefined {
  if (before && !["billable", "aborted"].includes(before.status)) return undefined;
  if (act?.state !== "done") {
    return before?.status === "billable" ? { ...before, status: "aborted" } : undefined;
  }
  const price = chargedPrice(before, act, listed) ?? listed;
  if (!price || act.patient === undefined) {
    // The act was corrected to one without a price.
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
    priceOverride: money(wholeUnits(price.cents * act.quantity), price.currency),
    ...(!reference.startsWith("Encounter/") && { service: [{ reference }] }),
  };
}

type UnitPrice = Pick<Price, "code" | "cents" | "currency">;

/**
 * The unit price of a charge that is still to be billed. It remains that of the moment of charging when the quantity is corrected, whatever the
 * list says since. Undefined: there is none, or the list has not changed.
 */
function chargedPrice(before: ChargeItem | undefined, { codes }: Act, listed: Price | undefined): UnitPrice | undefined {
  const { value, currency } = before?.priceOverride ?? {};
  const [amount, quantity, code] = [numberOf(value), numberOf(before?.quantity?.value), codesOf(before?.code.coding)[0]];
  if (before?.status !== "billable" || amount === undefined || currency === undefined || !quantity || !code) return undefined;
  if (!codes.some((one) => isCodeOf(before, one))) return undefined;
  const units = fineUnitsIn(amount, currency);
  // The total is rounded: the unit price of the list is more exact.
  if (listed?.currency === currency && isCodeOf(before, listed.code) && wholeUnits(listed.cents * quantity) === units) return undefined;
  return { code, cents: units / quantity, currency };
}

/** Whether a charge agrees with this act as it is now. */
function isChargeOf(charge: ChargeItem, act: Act, { code }: UnitPrice): boolean {
  const { quantity, subject, context } = charge;
  const isOfSame = subject.reference === act.patient && context?.reference === act.encounter;
  return isOfSame && numberOf(quantity?.value) === act.quantity && isCodeOf(charge, code);
}

const isCodeOf = ({ code: { coding = [] } }: ChargeItem, { system, code }: Code): boolean =>
  coding[0]?.code === code && (coding[0]?.system ?? "") === system;

/** The id of a code's price, which is always the same. */
export const priceIdOf = ({ system, code }: Code): string => `price-${hashed(`${system}|${code}`)}`;

/** The ChargeItemDefinition of a unit price. */
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

/** The amount that a definition gives for one unit, if it gives any. */
export const basePriceOf = ({ propertyGroup = [] }: ChargeItemDefinition): Money | undefined =>
  propertyGroup.flatMap(({ priceComponent = [] }) => priceComponent).find(({ type }) => type === "base")?.amount;

/** The price in a definition; undefined if it is not active, or has none for a code. */
export function priceOf(definition: ChargeItemDefinition): Price | undefined {
  const { id, meta, status, code } = definition;
  const [coding] = codesOf(code?.coding);
  const amount = basePriceOf(definition);
  const value = numberOf(amount?.value);
  if (status !== "active" || !coding || value === undefined || !amount || !isPrice(amount)) return undefined;
  return {
    definition: `ChargeItemDefinition/${id}`,
    version: Number(meta?.versionId ?? 0),
    code: coding,
    cents: fineUnitsIn(value, amount.currency ?? ""),
    currency: amount.currency ?? "",
  };
}
