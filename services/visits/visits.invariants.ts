import { bedOfOne, otherVisits } from "../../mixins/fhir/rules/bed-of-one.ts";
import type { Invariants } from "../../mixins/fhir/rules/invariants.ts";
import { INPATIENT } from "../hospitalizations/hospitalizations.contract.ts";
import { BOOKED, bookingsOf, countersOf } from "./bookings.model.ts";

/** Booked times follow from appointments; those in the past, or stored before times were counted, have none. */
export const invariants: Invariants = {
  standings: {
    Appointment: {
      counters: (appointment, has) =>
        bookingsOf(`Appointment/${appointment.id}`, appointment)
          .flatMap(countersOf)
          .filter(has)
          .map((counter) => [counter, 1]),
    },
  },
  counted: [BOOKED],
  always: { Encounter: [bedOfOne(INPATIENT, otherVisits(INPATIENT))] },
};
