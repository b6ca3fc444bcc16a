import { defineService } from "../../mixins/contract.ts";
import { Fhir } from "../../mixins/fhir/owner.ts";

export default defineService({
  name: "hospitalizations",
  mixins: [
    Fhir({
      owns: [
        { type: "Encounter", where: { path: "class.code", in: ["IMP", "ACUTE", "NONAC", "OBSENC", "SS"] } },
      ],
    }),
  ],
  actions: {},
});
