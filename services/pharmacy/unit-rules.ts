/** Quantities that are compared must have the same unit: 10 boxes are not 10 tablets. */
import type { MedicationDispense, MedicationRequest, Quantity, SupplyDelivery } from "../../fhir/r4.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import type { Facts, Rule } from "../../mixins/fhir/rules/rule.ts";
import { returnOf } from "./returns.model.ts";
import { isOneUnit, type Unit, unitOf } from "./unit.model.ts";

const isSame = (one: Unit | undefined, other: Unit | undefined): boolean => JSON.stringify(unitOf(one)) === JSON.stringify(unitOf(other));

/** The references with which a changed quantity has to be compared. */
const newly = (references: string[], before: Quantity | undefined, after: Quantity | undefined): string[] =>
  after === undefined || isSame(before, after) ? [] : references;

/** Whether the unit of a quantity differs from that of the referenced resource, if that has one. */
const isOther = (
  quantity: Quantity | undefined,
  reference: string,
  { facts, of }: { facts: Facts; of(resource: object): Quantity | undefined },
) => {
  const { resource } = facts.of(reference) ?? {};
  return resource !== undefined && !isOneUnit(quantity, of(resource));
};

const prescriptionsOf = ({ before, after }: { before?: MedicationDispense; after?: MedicationDispense }): string[] =>
  newly(after?.authorizingPrescription?.flatMap(({ reference }) => reference ?? []) ?? [], before?.quantity, after?.quantity);

/** Compares a dispense with its prescription. */
export const dispensedUnit: Rule<MedicationDispense> = {
  id: "medication-dispense-unit",
  group: "values",
  says: "The quantity of a dispense is in the unit of the prescription (by code or by name), or has no unit: the remaining quantity is counted in that unit.",
  facts: prescriptionsOf,
  check(change, facts) {
    const of = (request: object) => (request as MedicationRequest).dispenseRequest?.quantity;
    if (!prescriptionsOf(change).some((it) => isOther(change.after?.quantity, it, { facts, of }))) return undefined;
    return refusal("medication-dispense-unit", "Give the quantity in the unit of the prescription.", "MedicationDispense.quantity", 422);
  },
};

const dispenseOf = ({ before, after }: { before?: SupplyDelivery; after?: SupplyDelivery }): string[] =>
  newly([returnOf(after) ?? ""].filter(Boolean), before?.suppliedItem?.quantity, after?.suppliedItem?.quantity);

/** Compares a return with its dispense. */
export const returnedUnit: Rule<SupplyDelivery> = {
  id: "supply-delivery-unit",
  group: "values",
  says: "A returned quantity is in the unit of the dispense, or has no unit.",
  facts: dispenseOf,
  check(change, facts) {
    const quantity = change.after?.suppliedItem?.quantity;
    const of = (dispense: object) => (dispense as MedicationDispense).quantity;
    if (!dispenseOf(change).some((it) => isOther(quantity, it, { facts, of }))) return undefined;
    return refusal("supply-delivery-unit", "Give the quantity in the unit of the dispense.", "SupplyDelivery.suppliedItem.quantity", 422);
  },
};
