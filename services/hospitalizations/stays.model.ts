import type { Encounter, Patient } from "../../fhir/r4.ts";
import { because } from "../../mixins/fhir/rules/reasons.ts";
import { attendingOf, isAttending, isOpen } from "../../fhir/open-encounters.ts";
import { alreadyDischarged, notAway, notDead } from "./hospitalizations.errors.ts";
import { placesOf } from "../../mixins/fhir/rules/encounter-places.ts";
import { discharge, nowIn } from "./hospitalizations.model.ts";
import { withoutDenial } from "./transfers.model.ts";
import { cancelDischarge } from "./undo.model.ts";
import { without } from "../../fhir/typed.ts";

// Events of a stay other than moves: leave, responsible physician, end. Plain data in, plain data out.

const TYPE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const DISPOSITION = "http://terminology.hl7.org/CodeSystem/discharge-disposition";

/** Dispositions at the end of a stay (HL7 v3 discharge-disposition); `exp`, a death, has an action of its own. */
export const DISPOSITIONS = {
  home: "Home",
  "alt-home": "Alternative home",
  "other-hcf": "Other healthcare facility",
  hosp: "Hospice",
  long: "Long-term care",
  aadvice: "Left against advice",
  psy: "Psychiatric hospital",
  rehab: "Rehabilitation",
  snf: "Skilled nursing facility",
  oth: "Other",
} as const;
const DIED = { code: "exp", display: "Expired" } as const;

/** The entry for the present status in the stay's history. */
const until = (stay: Encounter, now: Date): NonNullable<Encounter["statusHistory"]>[number] => {
  const start = stay.statusHistory?.at(-1)?.period.end ?? stay.period?.start;
  return { status: stay.status, period: { ...(start !== undefined && { start }), end: now.toISOString() } };
};

/** The stay with the patient on leave; the bed is kept. @throws 409 ALREADY_DISCHARGED, NOT_AWAY (away already) */
export function goOnLeave<Of extends Encounter>(stay: Of, now: Date): Of {
  if (!isOpen(stay)) throw alreadyDischarged(`Encounter/${stay.id}`);
  if (stay.status === "onleave") throw notAway(`Encounter/${stay.id}`);
  return { ...stay, status: "onleave", statusHistory: [...(stay.statusHistory ?? []), until(stay, now)] };
}

/** The stay after the return from leave. @throws 409 NOT_AWAY */
export function comeBack<Of extends Encounter>(stay: Of, now: Date): Of {
  if (stay.status !== "onleave") throw notAway(`Encounter/${stay.id}`);
  return { ...stay, status: "in-progress", statusHistory: [...(stay.statusHistory ?? []), until(stay, now)] };
}

/** The stay without its last leave, or return, which did not take place. @throws 409 NOT_AWAY */
export function cancelLeave<Of extends Encounter>(stay: Of, reason: string): Of {
  const last = stay.statusHistory?.at(-1);
  const isLeave = isOpen(stay) && last !== undefined && (stay.status === "onleave" || last.status === "onleave");
  if (!isLeave) throw notAway(`Encounter/${stay.id}`);
  const before = stay.statusHistory?.slice(0, -1) ?? [];
  return {
    ...without(stay, "statusHistory"),
    status: last.status,
    ...(before.length > 0 && { statusHistory: before }),
    extension: [...(stay.extension ?? []), because(reason)],
  };
}

/** What another physician cannot have become responsible before: the present one, or the stay. */
export const responsibleSince = (stay: Encounter): { what: string; time: string | undefined } => ({
  what: `Encounter/${stay.id}`,
  time: attendingOf(stay)?.period?.start ?? stay.period?.start,
});

/** The stay with another responsible physician. @throws 409 ALREADY_DISCHARGED */
export function withPhysician<Of extends Encounter>(stay: Of, { physician, name }: { physician: string; name?: string }, now: Date): Of {
  if (!isOpen(stay)) throw alreadyDischarged(`Encounter/${stay.id}`);
  const time = now.toISOString();
  const others = (stay.participant ?? []).map((one) =>
    isAttending(one)
      ? { ...one, type: [{ coding: [{ system: TYPE, code: "PART" }] }], period: { ...one.period, end: one.period?.end ?? time } }
      : one,
  );
  const attending = {
    type: [{ coding: [{ system: TYPE, code: "ATND", display: "attender" }] }],
    period: { start: time },
    individual: { reference: physician, ...(name !== undefined && { display: name }) },
  };
  return { ...stay, participant: [...others, attending] };
}

/** The stay as ended, with its disposition. @throws 409 ALREADY_DISCHARGED */
export function dischargeTo<Of extends Encounter>(stay: Of, disposition: keyof typeof DISPOSITIONS | undefined, now: Date): Of {
  const ended = discharge(stay, now);
  return disposition === undefined ? ended : withDisposition(ended, { code: disposition, display: DISPOSITIONS[disposition] });
}

/** The stay as ended by death, and the patient's record with the death. @throws 409 ALREADY_DISCHARGED */
export function die<Of extends Encounter, Person extends Patient>(stay: Of, patient: Person | undefined, now: Date): [Of, Person?] {
  const ended = withDisposition(discharge(stay, now), DIED);
  if (!patient || isDead(patient)) return [ended];
  return [ended, { ...without(patient, "deceasedBoolean"), deceasedDateTime: now.toISOString() }];
}

/** The stay as continued, and the patient's record without the death. @throws 409 NOT_DEAD if the stay did not end by death, NOT_DISCHARGED */
export function cancelDeath<Of extends Encounter, Person extends Patient>(
  stay: Of,
  patient: Person | undefined,
  { reason, bed }: { reason: string; bed?: string },
  now: Date,
): [Of, Person?] {
  const code = stay.hospitalization?.dischargeDisposition?.coding?.find(({ system }) => system === DISPOSITION)?.code;
  if (code !== DIED.code) throw notDead(`Encounter/${stay.id}`);
  const again = cancelDischarge(stay, { reason, ...(bed !== undefined && { bed }) }, now);
  if (!patient || patient.deceasedDateTime === undefined || patient.deceasedDateTime !== stay.period?.end) return [again];
  return [again, without(patient, "deceasedDateTime")];
}

const isDead = ({ deceasedBoolean, deceasedDateTime }: Patient): boolean => deceasedBoolean === true || deceasedDateTime !== undefined;

const withDisposition = <Of extends Encounter>(stay: Of, coding: { code: string; display: string }): Of => ({
  ...stay,
  hospitalization: { ...stay.hospitalization, dischargeDisposition: { coding: [{ system: DISPOSITION, ...coding }] } },
});

type Places = NonNullable<Encounter["location"]>;

/** Two stays with their places swapped. @param pending of each, the requested transfer that this does not carry out @throws 409 ALREADY_DISCHARGED */
export function swap<Of extends Encounter>(
  first: Of,
  second: Of,
  now: Date,
  pending: [ofFirst: Places, ofSecond: Places] = [[], []],
): [first: Of, second: Of] {
  for (const stay of [first, second]) if (!isOpen(stay)) throw alreadyDischarged(`Encounter/${stay.id}`);
  const [here, there] = [placesOf(first), placesOf(second)];
  return [
    { ...withoutDenial(first), location: [...nowIn(first, there, now), ...pending[0]] },
    { ...withoutDenial(second), location: [...nowIn(second, here, now), ...pending[1]] },
  ];
}
