import type { Encounter } from "../../fhir/r4.ts";
import { isOpen, isThere } from "../../mixins/fhir/rules/encounter.ts";
import { cancelled, reopened } from "../../mixins/fhir/rules/encounter-undo.ts";
import { because } from "../../mixins/fhir/rules/reasons.ts";
import { INPATIENT } from "./hospitalizations.contract.ts";
import { alreadyDischarged, notDischarged, notTransferred } from "./hospitalizations.errors.ts";
import { nowIn, withoutDisposition } from "./hospitalizations.model.ts";
import { without } from "../../fhir/typed.ts";

// How an admission, a transfer and a discharge are undone: the stay is as before, its versions keep what was. Plain data in, plain data out.

type Places = NonNullable<Encounter["location"]>;

/** Places that were left at the moment when another was entered, entered again. */
const reentered = (places: Places, left: string | undefined): Places =>
  places.map((place) => {
    if (place.status !== "completed" || left === undefined || place.period?.end !== left) return place;
    const { end: _, ...period } = place.period;
    return { ...place, status: "active", period };
  });

/** Whether a stay was a visit before its admission. */
const visitIn = ({ classHistory = [] }: Encounter): number => classHistory.findLastIndex((it) => !INPATIENT.includes(it.class.code ?? ""));

/**
 * A stay that was none: the open visit that it was before, or cancelled.
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
 * The patient is where they were before the last transfer.
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
 * The stay goes on; its statusHistory keeps that it had ended.
 * @param bed where the patient lies now; absent: where they lay
 * @throws 409 NOT_DISCHARGED
 */
export function cancelDischarge<Of extends Encounter>(stay: Of, { reason, bed }: { reason: string; bed?: string }, now: Date): Of {
  if (stay.status !== "finished") throw notDischarged(`Encounter/${stay.id}`);
  const places = bed === undefined ? reentered(stay.location ?? [], stay.period?.end) : nowIn(stay, [bed], now);
  return { ...reopened(withoutDisposition(stay), reason, now), ...(places.length > 0 && { location: places }) };
}
