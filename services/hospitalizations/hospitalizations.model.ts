import type { CodeableConcept, Encounter } from "../../fhir/r4.ts";
import { sharedPlaceOf } from "../../mixins/fhir/rules/common.ts";
import { isOpen } from "../../fhir/open-encounters.ts";
import { isThere } from "../../mixins/fhir/rules/encounter.ts";
import { mayBeBed, placeIn, placesOf } from "../../mixins/fhir/rules/encounter-places.ts";
import type { KeysByFacts } from "../../mixins/fhir/rules/unique-keys.ts";
import { INPATIENT, type Stay, StayStatus } from "./hospitalizations.contract.ts";
import { alreadyDischarged, BED_OCCUPIED, PATIENT_ALREADY_ADMITTED, visitNotOpen } from "./hospitalizations.errors.ts";
import { transferOf } from "./transfers.contract.ts";
import { withoutDenial } from "./transfers.model.ts";
import { without } from "../../fhir/typed.ts";

// The rules of a stay: plain data in, plain data out. No broker, no database, no clock.

/** The class of a stay that begins here. */
export const CLASS = { system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "IMP", display: "inpatient encounter" } as const;

/** The Encounter of a stay that begins now. */
export function admit(
  id: string,
  { patient, bed, reason }: { patient: string; bed: string; reason?: string },
  now: Date,
): Encounter & { id: string } {
  const start = now.toISOString();
  return {
    resourceType: "Encounter",
    id,
    status: "in-progress",
    class: CLASS,
    subject: { reference: patient },
    period: { start },
    location: [{ location: { reference: bed }, status: "active", period: { start } }],
    ...(reason !== undefined && { reasonCode: [{ text: reason }] }),
  };
}

/** @throws 409 VISIT_NOT_OPEN */
function requireOpenVisit(visit: Encounter, patient: string): void {
  const isTheirs = isOpen(visit) && !INPATIENT.includes(visit.class.code ?? "") && visit.subject?.reference === patient;
  if (!isTheirs) throw visitNotOpen(`Encounter/${visit.id}`);
}

/** An open ambulatory visit that ends as a requested admission begins. @throws 409 VISIT_NOT_OPEN */
export function endVisit<Of extends Encounter>(visit: Of, patient: string, now: Date): Of {
  requireOpenVisit(visit, patient);
  return { ...visit, status: "finished", period: { ...visit.period, end: now.toISOString() } };
}

/** The reasons with that of the admission first, once: as it was recorded for the visit, also with a code, if it is the same. */
function withReason(reasons: CodeableConcept[], reason: string): CodeableConcept[] {
  const isSame = ({ text, coding = [] }: CodeableConcept) => (text ?? coding.find(({ display }) => display)?.display) === reason;
  return [reasons.find(isSame) ?? { text: reason }, ...reasons.filter((one) => !isSame(one))];
}

/** An open ambulatory visit as a stay. @throws 409 VISIT_NOT_OPEN */
export function admitFromVisit<Of extends Encounter>(
  visit: Of,
  { patient, bed, reason }: { patient: string; bed: string; reason?: string },
  now: Date,
): Of {
  requireOpenVisit(visit, patient);
  const start = now.toISOString();
  return {
    ...visit,
    status: "in-progress",
    class: CLASS,
    classHistory: [...(visit.classHistory ?? []), { class: visit.class, period: { ...visit.period, end: start } }],
    location: nowIn(visit, [bed], now),
    ...(reason !== undefined && { reasonCode: withReason(visit.reasonCode ?? [], reason) }),
  };
}

/** @param pending a requested transfer that this move does not carry out @throws 409 ALREADY_DISCHARGED */
export function transfer<Of extends Encounter>(stay: Of, bed: string, now: Date, pending: NonNullable<Encounter["location"]> = []): Of {
  if (!isOpen(stay)) throw alreadyDischarged(`Encounter/${stay.id}`);
  return { ...withoutDenial(stay), location: [...nowIn(stay, [bed], now), ...pending] };
}

/** @throws 409 ALREADY_DISCHARGED */
export function discharge<Of extends Encounter>(stay: Of, now: Date): Of {
  if (!isOpen(stay)) throw alreadyDischarged(`Encounter/${stay.id}`);
  return { ...stay, status: "finished", period: { ...stay.period, end: now.toISOString() }, location: ended(stay, now) };
}

/** A stay without a disposition, since it continues. */
export function withoutDisposition<Of extends Encounter>(stay: Of): Of {
  const { dischargeDisposition: _, ...left } = stay.hospitalization ?? {};
  return { ...without(stay, "hospitalization"), ...(Object.keys(left).length > 0 && { hospitalization: left }) };
}

/** The time of the last move: the next one is not earlier. */
export const lastMoveOf = (stay: Encounter): { what: string; time: string | undefined } => ({
  what: `Encounter/${stay.id}`,
  time: stay.location?.find(isThere)?.period?.start ?? stay.period?.start,
});

/** The places of a stay after a move to these; a requested transfer is thereby completed, or void. */
export const nowIn = (stay: Encounter, places: string[], now: Date): NonNullable<Encounter["location"]> => [
  ...ended(stay, now).filter(({ status }) => status !== "planned" && status !== "reserved"),
  ...places.map((reference) => ({ location: { reference }, status: "active" as const, period: { start: now.toISOString() } })),
];

/** The places of a stay, with the active ones ended now. */
const ended = ({ location = [] }: Encounter, now: Date): NonNullable<Encounter["location"]> =>
  location.map((it) => (isThere(it) ? { ...it, status: "completed", period: { ...it.period, end: now.toISOString() } } : it));

const ADMITTED = {
  error: PATIENT_ALREADY_ADMITTED,
  says: "The patient is admitted already: change or end that stay.",
  at: "Encounter.subject",
};
const OCCUPIED = {
  error: BED_OCCUPIED,
  says: "Another patient is in this bed: choose a free one, or end the stay of that patient there.",
  at: "Encounter.location.location",
};

/**
 * The unique keys of a stay: one open stay per bed and per patient; rooms and wards take many. The store enforces them for all writes, however concurrent.
 */
export const stayKeys: KeysByFacts<Encounter> = {
  about: (stay) => (isOpen(stay) ? placesOf(stay) : []),
  keys(stay, facts) {
    if (!isOpen(stay)) return [];
    const patient = sharedPlaceOf(stay.subject);
    const beds = placesOf(stay).filter((place) => mayBeBed(placeIn(facts, place) ?? {}));
    return [
      ...(patient === undefined ? [] : [{ ...ADMITTED, key: `stay:${patient}` }]),
      ...beds.map((bed) => ({ ...OCCUPIED, key: `bed:${bed}` })),
    ];
  },
};

function statusOf(stay: Encounter): StayStatus {
  if (stay.status === "onleave") return StayStatus.away;
  if (isOpen(stay)) return INPATIENT.includes(stay.class.code ?? "") ? StayStatus.admitted : StayStatus.visit;
  return stay.status === "cancelled" ? StayStatus.cancelled : StayStatus.discharged;
}

/** A stay as callers get it. */
export function stayOf(stay: Encounter, version: number): Stay {
  const [bed] = placesOf(stay);
  const moved = isOpen(stay) ? transferOf(stay) : undefined;
  const disposition = stay.hospitalization?.dischargeDisposition?.coding?.[0]?.code;
  return {
    stay: `Encounter/${stay.id}`,
    version,
    patient: stay.subject?.reference ?? "",
    ...(bed !== undefined && { bed }),
    status: statusOf(stay),
    admittedAt: stay.period?.start ?? "",
    ...(stay.period?.end !== undefined && { dischargedAt: stay.period.end }),
    ...(moved && { transfer: moved }),
    ...(disposition !== undefined && { disposition }),
  };
}
