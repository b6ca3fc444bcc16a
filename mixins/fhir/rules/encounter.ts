/** The rules of every Encounter, whichever service owns it: status, patient, time (FHIR R4, encounter.html). */
import { intervalOf } from "../../../fhir/dates.ts";
import { isOpen, OPEN_STATUSES } from "../../../fhir/open-encounters.ts";
import type { Encounter, Patient } from "../../../fhir/r4.ts";
import { refusal, statusSteps, subjectStays } from "./common.ts";
import { notDeletedUnder } from "./deletion.ts";
import { notInFuture } from "./done.ts";
import { onePatient } from "./patient-record.ts";
import { patientCanHave } from "./patient.ts";
import { referencesExist } from "./references-exist.ts";
import type { Change, Rule } from "./rule.ts";

const NEXT = [...OPEN_STATUSES, "finished", "cancelled", "unknown"];

type Stop = NonNullable<Encounter["location"]>[number];

/** Whether the patient is now at a location of an open Encounter: it says so, or has neither status nor end (R4, Encounter.location.status). */
export const isThere = ({ status, period }: Pick<Stop, "status" | "period">): boolean =>
  status === "active" || (status === undefined && period?.end === undefined);

/** Whether a place without a status ends later: it is unclear whether the patient is there already, or still. */
const isUnclear = ({ status, period }: Stop, now: number): boolean =>
  status === undefined && period?.end !== undefined && (intervalOf(period.end)?.[0] ?? now) > now + AHEAD_MS;

/** A discharge that is undone stays on record in statusHistory. */
function isReopened({ before, after }: Change<Encounter>): boolean {
  const ends = (it: Encounter | undefined) => it?.statusHistory?.filter(({ status }) => status === "finished").length ?? 0;
  return before?.status === "finished" && after !== undefined && isOpen(after) && ends(after) > ends(before);
}

const status = statusSteps<Encounter>(
  "Encounter",
  {
    planned: NEXT,
    arrived: NEXT,
    triaged: NEXT,
    "in-progress": NEXT,
    onleave: NEXT,
    finished: [],
    cancelled: [],
    "entered-in-error": [],
  },
  {
    says: "The status of a finished or cancelled Encounter changes only to entered-in-error; the Encounter can be reopened if its statusHistory keeps that it was finished.",
    may: isReopened,
    isAct: ({ subject }) => subject !== undefined,
  },
);

/** What is known of an encounter is not forgotten while its patient is in a place: the bed would be given to another patient. */
const unknown: Rule<Encounter> = {
  id: "encounter-unknown",
  group: "beds",
  says: "An open Encounter that names the patient's present place does not become unknown.",
  check({ before, after }) {
    if (!before || !isOpen(before) || after?.status !== "unknown" || !after.location?.some(isThere)) return undefined;
    return refusal(
      "encounter-unknown",
      "The patient is in a place, which would become free: end the encounter, or the patient's time in that place.",
      "Encounter.status",
    );
  },
};

/** How far ahead the clocks of senders may be, milliseconds. */
const AHEAD_MS = 300_000;

const wrong = (message: string, element: string) => refusal("encounter-period", message, `Encounter.period.${element}`, 422);

/** Tolerance between dates of different time zones. */
const A_DAY_MS = 86_400_000;

/** The start of an encounter in progress, unless it is stored already. */
function newStart({ before, after }: Change<Encounter>): string | undefined {
  const start = after && isOpen(after) ? after.period?.start : undefined;
  return before && isOpen(before) && start === before.period?.start ? undefined : start;
}

const period: Rule<Encounter> = {
  id: "encounter-period",
  group: "values",
  holdsAlways: true,
  says: "An open Encounter has not begun in the future, nor before the patient's birth; an Encounter that names the patient's present place has not ended; a place that ends in the future has a status.",
  facts: (change) => (newStart(change) === undefined ? [] : [change.after?.subject?.reference]),
  check(change, facts) {
    const { before, after, now } = change;
    if (!after || !isOpen(after)) return undefined;
    const [begin = now.getTime()] = intervalOf(newStart(change) ?? "") ?? [];
    if (begin > now.getTime() + AHEAD_MS) {
      return wrong("It begins in the future: give it the status planned, or the time it has begun.", "start");
    }
    const { birthDate = "" } = (facts.of(after.subject?.reference)?.resource ?? {}) as Partial<Patient>;
    const [birth = Number.NEGATIVE_INFINITY] = intervalOf(birthDate) ?? [];
    if (begin < birth - A_DAY_MS) return wrong("It begins before the patient was born: correct one of the two.", "start");
    const { end } = after.period ?? {};
    // Other systems write an end into encounters in progress, which is harmless, except that a bed would stay occupied.
    const isNew = end !== undefined && end !== before?.period?.end && after.location?.some(isThere) === true;
    const [, over = Number.POSITIVE_INFINITY] = (isNew && intervalOf(end)) || [];
    if (over < now.getTime()) return wrong("It has ended: give it the status finished, or no end.", "end");
    const known = new Set(before?.location?.map((stop) => JSON.stringify(stop)));
    if (!after.location?.some((stop) => isUnclear(stop, now.getTime()) && !known.has(JSON.stringify(stop)))) return undefined;
    return refusal(
      "encounter-period",
      "A place without a status ends in the future: give it the status active, planned or reserved, or no end.",
      "Encounter.location",
      422,
    );
  },
};

const patient = patientCanHave<Encounter>("Encounter", {
  element: "subject",
  of: ({ subject }) => subject,
  begun: (it) => it.period?.start,
  isOpen: (it) => (isOpen(it) ? 2 : Number(it.status === "planned")),
  stages: "planned or open",
});

/** The encounter of a deceased patient cannot be reopened: the recorded death would remain. */
const reopened: Rule<Encounter> = {
  id: "encounter-reopened",
  group: "subject",
  says: "An Encounter of a patient who has died is not reopened, unless the same write undoes the death.",
  facts: (change) => (isReopened(change) ? [change.after?.subject?.reference] : []),
  check(change, facts) {
    if (!isReopened(change)) return undefined;
    const patient = facts.of(change.after?.subject?.reference)?.resource as Partial<Patient> | undefined;
    if (!patient?.deceasedBoolean && patient?.deceasedDateTime === undefined) return undefined;
    return refusal(
      "encounter-reopened",
      "The patient has died: undo the death in the same write, or leave the encounter closed.",
      "Encounter.status",
    );
  },
};

/** The rules that both owners of Encounters share. */
export const encounterRules: Rule<Encounter>[] = [
  status,
  subjectStays<Encounter>("Encounter", "subject", ({ subject }) => subject),
  ...onePatient<Encounter>("Encounter"),
  patient,
  reopened,
  unknown,
  period,
  notInFuture<Encounter>("Encounter", {
    statuses: ["finished"],
    times: ({ period }) => ({ "period.start": period?.start }),
  }),
  referencesExist("Encounter"),
  notDeletedUnder("Encounter", "mark it as entered in error instead."),
];
