import { fhirError } from "../../fhir/outcome.ts";
import type { Appointment, Slot } from "../../fhir/r4.ts";
import { splitPlace } from "../../federation/facts.ts";
import type { Effect, EffectsOf, EffectTools, FullEffect, Movement } from "../../mixins/fhir/rules/effects.ts";
import { type Change, refusalBy } from "../../mixins/fhir/rules/rule.ts";
import {
  areAtOnce,
  type Booking,
  bookedOn,
  bookingsOf,
  bookingsOn,
  countersOf,
  daysOf,
  filledCounter,
  filledSlot,
  isOverbooked,
  isPlanned,
  meetingIn,
  slotsOf,
} from "./bookings.model.ts";
import { practitionerBusy } from "./visits.errors.ts";

// Practitioners' booked times follow from the appointments, through whichever API these are written: a search before the write could be outdated.

/** The rule that refuses overlapping appointments. */
export const OVERLAP = "appointment-overlap";

/** Practitioners' days that one appointment may book, more than any meeting has: each is compared with all other bookings of that day. */
const MAX_BOOKED_DAYS = 1_000;

/** The bookings among `some` that are not among `others`. */
function without(some: Booking[], others: Booking[]): Booking[] {
  const keys = new Set(others.map(keyOf));
  return some.filter((one) => !keys.has(keyOf(one)));
}

const keyOf = ({ practitioner, from, to }: Booking): string => `${practitioner} ${from}-${to}`;

/** Another appointment that a booking overlaps, in the state after the same write. @returns undefined: the time is free */
async function metBy(booking: Booking, tools: EffectTools): Promise<string | undefined> {
  for (const day of daysOf(booking)) {
    for (const { name, value } of await tools.counters(bookedOn(booking.practitioner, day))) {
      const met = value > 0 ? meetingIn(name, booking) : undefined;
      if (met === undefined) continue;
      const other = bookingsOf(met, await tools.read<Appointment>(met));
      if (other.some((one) => areAtOnce(one, booking))) return met;
    }
  }
  return undefined;
}

/** Moves the counters of a booking's days, read before its times are checked, so that a concurrent booking of the same day conflicts. */
async function days({ practitioner, ...booking }: Booking, tools: EffectTools): Promise<Movement[]> {
  const counters = daysOf({ practitioner, ...booking }).map((day) => bookingsOn(practitioner, day));
  for (const counter of counters) await tools.counter(counter);
  return counters.map((counter) => ({ counter, by: 1, isExact: true }));
}

/** A Slot is busy while appointments fill it: whoever looks for a free one finds no other. */
async function filled(
  before: Appointment | undefined,
  after: Appointment | undefined,
  tools: EffectTools,
): Promise<Pick<FullEffect, "movements" | "changes">> {
  const [were, are] = [slotsOf(before), slotsOf(after)];
  const moved = [
    ...are.filter((it) => !were.includes(it)).map((slot) => ({ slot, by: 1 })),
    ...were.filter((it) => !are.includes(it)).map((slot) => ({ slot, by: -1 })),
  ];
  const effect: Pick<FullEffect, "movements" | "changes"> = { movements: [], changes: [] };
  for (const { slot, by } of moved) {
    const counter = filledCounter(slot);
    const count = (await tools.counter(counter)) ?? 0;
    if (count + by < 0) continue; // of an appointment that was stored before they were counted
    effect.movements.push({ counter, by, isExact: true });
    const stored = await tools.read<Slot>(slot);
    const next = stored && filledSlot(stored, count + by);
    if (next) effect.changes.push(next);
  }
  return effect;
}

/** A Slot that is written as free while an appointment fills it is busy. */
async function offered({ after, reference }: Change<Slot>, tools: EffectTools): Promise<Effect | undefined> {
  const count = after?.status === "free" ? ((await tools.counter(filledCounter(reference))) ?? 0) : 0;
  const next = after && count > 0 ? filledSlot(after, count) : undefined;
  return next && { movements: [], changes: [{ ...next, id: splitPlace(reference)[1] }] };
}

async function booked({ before, after, reference, now }: Change<Appointment>, tools: EffectTools): Promise<Effect> {
  const [were, are] = [bookingsOf(reference, before), bookingsOf(reference, after)];
  const effect: FullEffect = { ...(await filled(before, after, tools)), refusals: [] };
  const added = without(are, were).filter(({ to }) => to > now.getTime());
  if (added.reduce((sum, booking) => sum + daysOf(booking).length, 0) > MAX_BOOKED_DAYS) throw tooManyBooked();
  for (const booking of without(were, are)) {
    // An appointment that was stored before times were counted has no counter.
    for (const counter of countersOf(booking)) if (((await tools.counter(counter)) ?? 0) > 0) effect.movements.push({ counter, by: -1 });
  }
  for (const booking of added) {
    effect.movements.push(...(await days(booking, tools)), ...countersOf(booking).map((counter) => ({ counter, by: 1 })));
    if (!after || isOverbooked(after) || !isPlanned(after)) continue;
    const met = await metBy(booking, tools);
    if (met !== undefined) effect.refusals.push({ rule: OVERLAP, refusal: refusalBy(practitionerBusy(met), "Appointment.start") });
  }
  return effect;
}

const tooManyBooked = () =>
  fhirError(
    422,
    "too-costly",
    `An appointment may book ${MAX_BOOKED_DAYS} practitioners, each of its days counted: make several.`,
    "Appointment.participant",
  );

/** The effects of appointments, and of the Slots that they fill. */
export const effects: EffectsOf = { Appointment: booked, Slot: offered };
