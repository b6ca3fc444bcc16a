/** The quantities that move stock, and the rules that require them in its unit. */
import type { FhirResource, Medication, MedicationDispense, SupplyDelivery } from "../../../fhir/r4.ts";
import type { Facts, Rule } from "../../../mixins/fhir/rules/rule.ts";
import { typed } from "../../../fhir/typed.ts";
import { codesOf } from "../pharmacy.model.ts";
import type { Code } from "../pharmacy.contract.ts";
import { isArrived, namedIn } from "./deliveries.ts";
import type { Named } from "./item.ts";
import { type MovedBy, packQuestions } from "./stock-unit.ts";
import { takingOfDispense } from "./taking.ts";

/** Completed dispenses. */
export const DISPENSES: MovedBy<MedicationDispense> = {
  isMoving: (dispense) => takingOfDispense(dispense) !== undefined,
  quantityOf: ({ quantity }) => quantity,
  named: ({ medicationCodeableConcept: concept, medicationReference: reference, contained }) => ({ concept, reference, contained }),
  isNew: false,
  rule: "medication-dispense-stock-unit",
  at: "MedicationDispense.quantity",
};

/** Completed deliveries; a return is in the unit of its dispense. */
export const DELIVERIES: MovedBy<SupplyDelivery> = {
  isMoving: isArrived,
  quantityOf: ({ suppliedItem }) => suppliedItem?.quantity,
  named: namedIn,
  isNew: true,
  rule: "supply-delivery-stock-unit",
  at: "SupplyDelivery.suppliedItem.quantity",
};

/** The codes of a medication, as far as they are known without reading its Medication. */
function codesIn({ concept, reference, contained }: Named, facts: Facts): Code[] {
  const text = reference?.reference;
  if (text === undefined) return codesOf(concept);
  const own = contained?.find(({ id }) => text === `#${id}`) as Medication | undefined;
  return codesOf((own ?? typed<Medication>(facts.of(text)?.resource))?.code);
}

/** The rule for a type; the effects, which know the stock, refuse. */
function ruleFor<Of extends FhirResource>({ rule, isMoving, quantityOf, named }: MovedBy<Of>, says: string): Rule<Of> {
  const asked = (after: Of | undefined): Named | undefined => {
    const { unit, code } = (after && isMoving(after) && quantityOf(after)) || {};
    return after && (unit ?? code) !== undefined ? named(after) : undefined;
  };
  return {
    id: rule,
    group: "stock",
    says,
    facts: ({ after }) => [asked(after)?.reference?.reference],
    questions({ after }, facts) {
      const it = asked(after);
      return it ? packQuestions(codesIn(it, facts)) : [];
    },
    check: () => undefined,
  };
}

/** For dispenses. */
export const dispensedInStockUnit = ruleFor(
  DISPENSES,
  "The quantity that leaves the stock is in the unit in which the stock of the medication is counted, or in one that the catalogue converts (MedicationKnowledge.packaging), or without one.",
);

/** For deliveries. */
export const deliveredInStockUnit = ruleFor(
  DELIVERIES,
  "The quantity that comes into the stock is in the unit in which the stock of the medication is counted (what its packs contain, or that of its first delivery), or in one that the catalogue converts (MedicationKnowledge.packaging), or without one.",
);
