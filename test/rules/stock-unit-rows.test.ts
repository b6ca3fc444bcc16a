/** The stock of a medication is counted in one unit, by whichever door something arrives or is handed out. */
import { rulesTable } from "../kit/rules-table.ts";
import { pharmacyRows, UCUM } from "./pharmacy-rows.ts";

rulesTable("units of the stock", ["wards", "visits", "pharmacy"], (at) => {
  const { dispense } = pharmacyRows(at);

  const suppliedIn = (medication: string, quantity: object) => ({
    resourceType: "SupplyDelivery",
    status: "completed",
    type: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/supply-item-type", code: "medication" }] },
    suppliedItem: { quantity, itemCodeableConcept: { coding: [{ system: "urn:rx", code: medication }] } },
  });
  let stocks = 0;
  /** A medication whose stock is counted in tablets. */
  const inTablets = async (): Promise<string> => {
    stocks += 1;
    await at.stored(suppliedIn(`stock-${stocks}`, { value: 100, unit: "tablet" }));
    return `stock-${stocks}`;
  };
  const packOf = (medication: string) =>
    at.stored({
      resourceType: "MedicationKnowledge",
      status: "active",
      code: { coding: [{ system: "urn:rx", code: medication }] },
      packaging: { type: { text: "box" }, quantity: { value: 20, unit: "tablet" } },
    });
  at.refuses("supply-delivery-stock-unit", "boxes on a shelf of tablets, but not where the catalogue says how many a box holds", {
    create: async () => suppliedIn(await inTablets(), { value: 2, unit: "box" }),
    insteadOf: async () => {
      const medication = await inTablets();
      await packOf(medication);
      return suppliedIn(medication, { value: 2, unit: "box" });
    },
    as: { status: 422, expression: "SupplyDelivery.suppliedItem.quantity" },
  });
  const takenOf = (medication: string, quantity: object) =>
    dispense({ medicationCodeableConcept: { coding: [{ system: "urn:rx", code: medication }] }, quantity });
  at.refuses("medication-dispense-stock-unit", "millilitres off a shelf of tablets", {
    create: async () => takenOf(await inTablets(), { value: 2, unit: "ml", system: UCUM, code: "mL" }),
    insteadOf: async () => takenOf(await inTablets(), { value: 2, system: UCUM, code: "{tablet}" }),
    as: { status: 422, expression: "MedicationDispense.quantity" },
  });
  at.refuses("medication-dispense-stock-unit", "a prepared dispense in boxes to be handed out of a shelf of tablets", {
    stored: async () => ({ ...takenOf(await inTablets(), { value: 2, unit: "box" }), status: "preparation" }),
    change: (it) => ({ ...it, status: "completed" }),
    instead: (it) => ({ ...it, status: "completed", quantity: { value: 2, unit: "tablet" } }),
    as: { status: 422, expression: "MedicationDispense.quantity" },
  });
});
