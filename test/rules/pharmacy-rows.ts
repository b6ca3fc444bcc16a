/** What the rows of the pharmacy's rules are made of: prescriptions, dispenses, doses, deliveries, and a shelf. */
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import type { Table } from "../kit/rules-table.ts";

export const UCUM = "http://unitsofmeasure.org";

/** A medication of which no stock is kept. */
export const medicationCodeableConcept = { coding: [{ system: "urn:rx", code: "not-kept-in-stock" }] };

/** In the future for as long as this project lives. */
export const LATER = "2999-01-01";

/** Makes of the pharmacy's resources for one table; each takes members in place of those it gives. */
export function pharmacyRows(at: Table) {
  const prescription = (more: object = {}) => ({
    resourceType: "MedicationRequest",
    status: "active",
    intent: "order",
    medicationCodeableConcept,
    subject: at.patient,
    dispenseRequest: { quantity: { value: 10 } },
    ...more,
  });
  const dispense = (more: object = {}) => ({
    resourceType: "MedicationDispense",
    status: "completed",
    medicationCodeableConcept,
    subject: at.patient,
    quantity: { value: 1 },
    ...more,
  });

  const by = async (more: object = {}) => dispense({ authorizingPrescription: [await at.stored(prescription(more))] });

  function administration(more: object = {}) {
    return {
      resourceType: "MedicationAdministration",
      status: "completed",
      medicationCodeableConcept,
      subject: at.patient,
      effectiveDateTime: "2026-01-05",
      ...more,
    };
  }
  function delivery() {
    return { resourceType: "SupplyDelivery", status: "completed", suppliedItem: { quantity: { value: 10 } } };
  }

  let kept = 0;
  /** A medication of which ten lie on the shelf, and how many do. */
  const onShelf = async () => {
    kept += 1;
    const medication = { system: "urn:rx", code: `kept-${kept}` };
    const { delivery: arrived } = await pharmacy.receive(at.mesh.caller, { medication, quantity: 10 });
    const stock = async () => (await pharmacy.listStock(at.mesh.caller, { medication: `urn:rx|kept-${kept}` }))[0]?.quantity;
    return { concept: { coding: [medication] }, arrived, stock };
  };

  return { prescription, dispense, by, administration, delivery, onShelf };
}
