import { defineService } from "../../mixins/contract.ts";
import { Fhir } from "../../mixins/fhir/owner.ts";

export default defineService({
  name: "pharmacy",
  mixins: [
    Fhir({
      owns: [
        "Medication",
        "MedicationAdministration",
        "MedicationDispense",
        "MedicationKnowledge",
        "MedicationRequest",
        "MedicationStatement",
        "Substance",
        "SupplyRequest",
        "SupplyDelivery",
      ],
    }),
  ],
  actions: {},
});
