import type { Encounter } from "../../fhir/r4.ts";
import { isOpen } from "../../fhir/open-encounters.ts";
import { isThere } from "../../mixins/fhir/rules/encounter.ts";
import { cancelled, reopened } from "../../mixins/fhir/rules/encounter-undo.ts";
import { because } from "../../mixins/fhir/rules/reasons.ts";
import { INPATIENT } from "./hospitalizations.contract.ts";
import { alreadyDischarged, notDischarged, notTransferred } from "./hospitalizations.errors.ts";
import { nowIn, withoutDisposition } from "./hospitalizations.model.ts";
import { without } from "../../fhir/typed.ts";

// Undoing an admission, a transfer or a discharge: the stay is as before, and its history keeps the versions. Plain data in, plain data out.

type Places = NonNullable<Encounter["location"]>;

/** The places with those active again that were left at the moment when another was entered. */
const reentered = (places: Places, left: string | undefined): Places =>
  places.map((place) => {
    if (place.status !== "completed" || left === undefined || place.period?.end !== left) return place;
    const { end: _, ...period } = place.period;
    return { ...place, status: "active", period };
  });

/** Position in the class history of the visit that became the stay. */
const visitIn = ({ classHistory = [] }: Encounter): number => classHistory.findLastIndex((it) => !INPATIENT.includes(it.class.code ?? ""));

/**
 * The stay without its admission: the open visit that it was before, or cancelled.
 * @throws 409 ALREADY_DISCHARGED
 */
export function cancelAdmission<Of extends Encounter>(stay: Of, reason: string, now: Date): Of {
  if (!isOpen(stay)) throw alreadyDischarged(`Encounter/${stay.id}`);
  const index = visitIn(stay);
  const visit = stay.classHistory?.[index];
  if (!visit) return { ...cancelled(stay, reason, now), location: nowIn(stay, [], now) };
  const { classHistory: all = [], location = [] } = stay;
  const admitted = visit.period.end;
  const before = reentered(
    location.filter(({ period }) => period?.start === undefined || admitted === undefined || period.start < admitted),
    admitted,
  );
  return {
    ...without(stay, "classHistory", "location"),
    class: visit.class,
    ...(index > 0 && { classHistory: all.slice(0, index) }),
    ...(before.length > 0 && { location: before }),
    extension: [...(stay.extension ?? []), because(reason)],
  };
}

/**
 * The stay without its last transfer: the patient is in the previous place.
 * @throws 409 ALREADY_DISCHARGED, NOT_TRANSFERRED
 */
export function cancelTransfer<Of extends Encounter>(stay: Of, reason: string): Of {
  if (!isOpen(stay)) throw alreadyDischarged(`Encounter/${stay.id}`);
  const moved = stay.location?.find(isThere)?.period?.start;
  const left = (stay.location ?? []).filter((place) => !isThere(place));
  const before = reentered(left, moved);
  if (!before.some(isThere)) throw notTransferred(`Encounter/${stay.id}`);
  return { ...stay, location: before, extension: [...(stay.extension ?? []), because(reason)] };
}

/**
 * The stay as continued; its statusHistory keeps that it had ended.
 * @param bed the patient's bed now; absent: the previous one
 * @throws 409 NOT_DISCHARGED
 */
export function cancelDischarge<Of extends Encounter>(stay: Of, { reason, bed }: { reason: string; bed?: string }, now: Date): Of {
  if (stay.status !== "finished") throw notDischarged(`Encounter/${stay.id}`);
  const places = bed === undefined ? reentered(stay.location ?? [], stay.period?.end) : nowIn(stay, [bed], now);
  return { ...reopened(withoutDisposition(stay), reason, now), ...(places.length > 0 && { location: places }) };
}
