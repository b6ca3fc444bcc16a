import { defineService } from "../../mixins/contract.ts";
import { Fhir } from "../../mixins/fhir/owner.ts";

export default defineService({
  name: "personnel",
  mixins: [
    Fhir({
      owns: [
        "Practitioner",
        "PractitionerRole",
        "Organization",
        "OrganizationAffiliation",
        "HealthcareService",
        "CareTeam",
      ],
    }),
  ],
  actions: {},
});
