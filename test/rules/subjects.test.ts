/** One act, one patient: also where the patient comes later, or takes the place of another. */
import { rulesTable } from "../kit/rules-table.ts";

const LABORATORY = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];

rulesTable("an act's patient", ["visits", "lab", "pharmacy"], (at) => {
  const order = () => at.stored({ resourceType: "ServiceRequest", status: "active", intent: "order", subject: at.patient });
  const result = (more: object) => ({ resourceType: "Observation", status: "final", category: LABORATORY, code: { text: "Hb" }, ...more });

  at.refuses("observation-one-patient", "a patient who is given to a result later, and is not that of its order", {
    stored: async () => result({ basedOn: [await order()] }),
    change: (it) => ({ ...it, subject: at.other }),
    instead: (it) => ({ ...it, subject: at.patient }),
    as: { status: 409, expression: "Observation.basedOn" },
  });
});
