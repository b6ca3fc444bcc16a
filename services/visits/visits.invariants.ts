import { bedOfOne, otherVisits } from "../../mixins/fhir/rules/bed-of-one.ts";
import type { Invariants } from "../../mixins/fhir/rules/invariants.ts";
import { INPATIENT } from "../hospitalizations/hospitalizations.contract.ts";
import { BOOKED, bookingsOf, countersOf, FILLED, filledCounter, filledSlot, slotsOf } from "./bookings.model.ts";

/** Booked times and filled Slots follow from appointments; those in the past, or stored before they were counted, have none. */
export const invariants: Invariants = {
  standings: {
    Appointment: {
      counters: (appointment, has) =>
        [...bookingsOf(`Appointment/${appointment.id}`, appointment).flatMap(countersOf), ...slotsOf(appointment).map(filledCounter)]
          .filter(has)
          .map((counter) => [counter, 1]),
    },
    Slot: {
      follows(slot, value) {
        const count = value(filledCounter(`Slot/${slot.id}`)) ?? 0;
        return count > 0 && slot.status === "free" ? filledSlot(slot, count) : undefined;
      },
    },
  },
  counted: [BOOKED, FILLED],
  always: { Encounter: [bedOfOne(INPATIENT, otherVisits(INPATIENT))] },
};
