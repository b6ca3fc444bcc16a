import type { Encounter, Extension } from "../../fhir/r4.ts";
import { isOpen } from "../../mixins/fhir/rules/encounter.ts";
import { INPATIENT } from "./hospitalizations.contract.ts";
import { alreadyDischarged, notDischarged, notTransferred } from "./hospitalizations.errors.ts";
import { nowIn } from "./hospitalizations.model.ts";

// How an admission, a transfer and a discharge are undone: the stay is as before, its versions keep what was. Plain data in, plain data out.

/** HL7's extension of Encounter: why it was cancelled. */
const REASON_CANCELLED = "http://hl7.org/fhir/StructureDefinition/encounter-reasonCancelled";
/** Of what was undone: why. */
const REASON = "urn:openward:reason";

const because = (reason: string): Extension => ({ url: REASON, valueString: reason });

type Places = NonNullable<Encounter["location"]>;

/** Places that were left at the moment when another was entered, entered again. */
const reentered = (places: Places, left: string | undefined): Places =>
  places.map((place) => {
    if (place.status !== "completed" || left === undefined || place.period?.end !== left) return place;
    const { end: _, ...period } = place.period;
    return { ...place, status: "active", period };
  });

/** When the patient came to where they are now. */
const since = ({ location = [] }: Encounter): string | undefined => location.find(({ status }) => status === "active")?.period?.start;

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
  if (!visit) {
    const cancelled: Extension = { url: REASON_CANCELLED, valueCodeableConcept: { text: reason } };
    const period = { ...stay.period, end: now.toISOString() };
    return { ...stay, status: "cancelled", period, location: nowIn(stay, [], now), extension: [...(stay.extension ?? []), cancelled] };
  }
  const { classHistory: all = [], location = [], ...rest } = stay;
  const admitted = visit.period.end;
  const before = reentered(
    location.filter(({ period }) => period?.start === undefined || admitted === undefined || period.start < admitted),
    admitted,
  );
  return {
    ...rest,
    class: visit.class,
    ...(index > 0 && { classHistory: all.slice(0, index) }),
    ...(before.length > 0 && { location: before }),
    extension: [...(stay.extension ?? []), because(reason)],
  } as unknown as Of;
}

/**
 * The patient is where they were before the last transfer.
 * @throws 409 ALREADY_DISCHARGED, NOT_TRANSFERRED
 */
export function cancelTransfer<Of extends Encounter>(stay: Of, reason: string): Of {
  if (!isOpen(stay)) throw alreadyDischarged(`Encounter/${stay.id}`);
  const moved = since(stay);
  const left = (stay.location ?? []).filter((place) => place.status !== "active");
  const before = reentered(left, moved);
  if (!before.some(({ status }) => status === "active")) throw notTransferred(`Encounter/${stay.id}`);
  return { ...stay, location: before, extension: [...(stay.extension ?? []), because(reason)] };
}

/**
 * The stay goes on; its statusHistory keeps that it had ended.
 * @param bed where the patient lies now; absent: where they lay
 * @throws 409 NOT_DISCHARGED
 */
export function cancelDischarge<Of extends Encounter>(stay: Of, { reason, bed }: { reason: string; bed?: string }, now: Date): Of {
  if (stay.status !== "finished") throw notDischarged(`Encounter/${stay.id}`);
  const { end, ...period } = stay.period ?? {};
  const start = now.toISOString();
  const places = bed === undefined ? reentered(stay.location ?? [], end) : nowIn(stay, [bed], now);
  const { period: _, ...rest } = stay;
  return {
    ...(rest as Of),
    status: "in-progress",
    statusHistory: [
      ...(stay.statusHistory ?? []),
      { status: "finished", period: { ...(end !== undefined && { start: end }), end: start }, extension: [because(reason)] },
    ],
    ...(Object.keys(period).length > 0 ? { period } : {}),
    ...(places.length > 0 && { location: places }),
  };
}
