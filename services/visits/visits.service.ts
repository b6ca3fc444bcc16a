import { defineService } from "../../mixins/contract.ts";
import { Fhir } from "../../mixins/fhir/owner.ts";

export default defineService({
  name: "visits",
  mixins: [
    Fhir({
      owns: [
        "Encounter",
        "Appointment",
        "AppointmentResponse",
        "Schedule",
        "Slot",
        "EpisodeOfCare",
      ],
    }),
  ],
  actions: {},
});
