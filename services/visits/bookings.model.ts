import type { Appointment, Slot } from "../../fhir/r4.ts";
import { intervalOf } from "../../fhir/dates.ts";
import { placeOf, sharedPlaceOf } from "../../mixins/fhir/rules/common.ts";
import type { KeyOf } from "../../mixins/fhir/rules/unique-keys.ts";
import { OVERBOOKED } from "./visits.contract.ts";
import { SLOT_TAKEN } from "./visits.errors.ts";

// The booked times of practitioners: plain data in, plain data out. Each booked time is a counter of its own, 1 while it is taken.

/** Beginning of the names of counters of booked times. */
export const BOOKED = "booked/";
/** Prefix of the names of counters that change with each booking on a practitioner's day, so that concurrent bookings conflict. */
const BOOKINGS = "bookings/";
const DAY_MS = 86_400_000;
/** Days of one appointment that are counted: none is longer. */
const MAX_DAYS = 8;
/** Statuses of an appointment that occupies its practitioners. */
const TAKES_TIME: readonly string[] = ["pending", "booked", "arrived", "checked-in"];
/** Statuses of an appointment that is only planned: a patient who has arrived is not sent away. */
const PLANNED: readonly string[] = ["pending", "booked"];

/** A booked time of a practitioner: a half-open interval, milliseconds since 1970. */
export interface Booking {
  /** "Practitioner/…" */
  practitioner: string;
  /** "Appointment/…" */
  appointment: string;
  from: number;
  to: number;
}

/** Whether it is booked despite others, with a reason. */
export const isOverbooked = ({ extension = [] }: Appointment): boolean =>
  extension.some(({ url, valueString = "" }) => url === OVERBOOKED && valueString.trim() !== "");

/** Beginning of the names of counters of the appointments that fill a Slot. */
export const FILLED = "slot/";

/** The Slots that an appointment fills, "Slot/…": while it takes time, and once it was kept. */
export function slotsOf(appointment: Appointment | undefined): string[] {
  const { status = "", slot = [] } = appointment ?? {};
  return [...TAKES_TIME, "fulfilled"].includes(status) ? [...new Set(slot.flatMap((it) => placeOf(it) ?? []))] : [];
}

/** The counter of the appointments that fill a Slot. @param slot "Slot/…" */
export const filledCounter = (slot: string): string => `${FILLED}${slot}`;

/** The Slot in the status that follows from the number of appointments that fill it; undefined: it is so. What is unavailable stays so. */
export function filledSlot<Of extends Slot>(slot: Of, count: number): Of | undefined {
  if (count > 0) return ["free", "busy-tentative"].includes(slot.status) ? { ...slot, status: "busy" } : undefined;
  return slot.status === "busy" ? { ...slot, status: "free" } : undefined;
}

/** Whether it is only planned. */
export const isPlanned = ({ status }: Appointment): boolean => PLANNED.includes(status);

/** Unique keys: a Slot is filled by one planned appointment, unless the later one gives a reason. */
export function slotKeys(appointment: Appointment): KeyOf[] {
  if (!isPlanned(appointment) || isOverbooked(appointment)) return [];
  const slots = new Set(appointment.slot?.flatMap((it) => sharedPlaceOf(it) ?? []));
  const says = `Another appointment is booked in this slot: choose a free one, or say in the extension ${OVERBOOKED} why both are booked.`;
  return [...slots].map((slot) => ({ key: `slot:${slot}`, error: SLOT_TAKEN, says, at: "Appointment.slot" }));
}

/** Times that an appointment occupies, one for each practitioner who has not declined; none without start and end. */
export function bookingsOf(reference: string, appointment: Appointment | undefined): Booking[] {
  const { status = "", start = "", end = "", participant = [] } = appointment ?? {};
  const [[from] = [], [to] = []] = [intervalOf(start), intervalOf(end)];
  if (!TAKES_TIME.includes(status) || from === undefined || to === undefined || to <= from) return [];
  const people = participant.flatMap((one) => (one.status === "declined" ? [] : (placeOf(one.actor) ?? [])));
  const practitioners = new Set(people.filter((place) => /^Practitioner(Role)?\//.test(place)));
  return [...practitioners].map((practitioner) => ({ practitioner, appointment: reference, from, to }));
}

/** Days in UTC that a booking touches, in days since 1970. */
export function daysOf({ from, to }: Booking): number[] {
  const [first, last] = [Math.floor(from / DAY_MS), Math.floor((to - 1) / DAY_MS)];
  return Array.from({ length: Math.min(MAX_DAYS, last - first + 1) }, (_, index) => first + index);
}

/** Prefix of the names of counters of a practitioner's booked times on a day. */
export const bookedOn = (practitioner: string, day: number): string => `${BOOKED}${practitioner}/${day}/`;

/** The counter that changes with each booking on a practitioner's day. */
export const bookingsOn = (practitioner: string, day: number): string => `${BOOKINGS}${practitioner}/${day}`;

/** The counters of a booking, one for each day that it touches. */
export const countersOf = (booking: Booking): string[] =>
  daysOf(booking).map((day) => `${bookedOn(booking.practitioner, day)}${booking.from}-${booking.to}/${booking.appointment}`);

/** Whether two bookings of one person overlap. */
export const areAtOnce = (one: Booking, other: Booking): boolean =>
  one.practitioner === other.practitioner && one.from < other.to && one.to > other.from;

/** The appointment of a booked time, if it overlaps this booking and is another one. */
export function meetingIn(counter: string, { appointment, from, to }: Booking): string | undefined {
  const [, begins, ends, other] = /\/(\d+)-(\d+)\/(Appointment\/[^/]+)$/.exec(counter) ?? [];
  return other !== undefined && other !== appointment && Number(begins) < to && Number(ends) > from ? other : undefined;
}
