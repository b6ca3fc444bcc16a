import { defineService } from "../../mixins/contract.ts";
import { Fhir } from "../../mixins/fhir/owner.ts";

export default defineService({
  name: "lab",
  mixins: [
    Fhir({
      owns: [
        "ServiceRequest",
        "Specimen",
        { type: "Observation", where: { path: "category.coding.code", in: ["laboratory"] } },
        "DiagnosticReport",
        "ImagingStudy",
        "Media",
      ],
    }),
  ],
  actions: {},
});
