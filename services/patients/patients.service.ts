import { defineService } from "../../mixins/contract.ts";
import { Fhir } from "../../mixins/fhir/owner.ts";

export default defineService({
  name: "patients",
  mixins: [
    Fhir({
      owns: [
        "Patient",
        "RelatedPerson",
        "Person",
        "Group",
      ],
    }),
  ],
  actions: {},
});
