import { defineService } from "../../mixins/contract.ts";
import { Fhir } from "../../mixins/fhir/owner.ts";

export default defineService({
  name: "codification",
  mixins: [
    Fhir({
      owns: [
        "CodeSystem",
        "ValueSet",
        "ConceptMap",
        "NamingSystem",
      ],
    }),
  ],
  actions: {},
});
