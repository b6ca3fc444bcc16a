/** Books an appointment for a patient: when, for how long, with whom, and why. */
import type { Appointment, Patient, Practitioner } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { create, search, update } from "../../platform/api.ts";
import { instantOf, momentOf, timeOf, today } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { nameOf, numberIn } from "../../platform/names.ts";
import { t } from "../../platform/texts.ts";

/** How long an appointment may be, minutes. */
const MINUTES = ["10", "15", "20", "30", "45", "60", "90"];
/** To choose from; a larger house has appointments without a name, too. */
const MAX_PRACTITIONERS = "500";
const MAX_TAKEN = "50";
const ON = ["proposed", "pending", "booked", "arrived", "checked-in"];

interface BookProps {
  patient: Patient;
  onClose: () => void;
  onDone: () => void;
}

const practitioners = async (): Promise<Practitioner[]> =>
  (await search<Practitioner>("Practitioner", { active: "true", _sort: "family", _count: MAX_PRACTITIONERS })).resources;

/** What somebody has on a day already. */
async function taken(practitioner: string, date: string): Promise<Appointment[]> {
  if (!practitioner || !date) return [];
  const { resources } = await search<Appointment>("Appointment", { actor: practitioner, date, _sort: "date", _count: MAX_TAKEN });
  return resources.filter(({ status }) => ON.includes(status));
}

/** See the head of this file. */
export function Book({ patient, onClose, onDone }: BookProps) {
  const people = useLoad("practitioners", practitioners);
  const { draft, set, clear } = useDraft(`book.${patient.id}`, { day: today(), minutes: "15" });
  const { day = "", time = "", minutes = "", practitioner = "", reason = "" } = draft.value;
  const others = useLoad(`taken ${practitioner} ${day}`, () => taken(practitioner, day));
  const start = time ? instantOf(day, time) : undefined;
  const end = start && new Date(Date.parse(start) + Number(minutes) * 60_000).toISOString();
  const meets = (other: Appointment) => start !== undefined && end !== undefined && (other.start ?? "") < end && (other.end ?? "") > start;
  const send = async () => {
    const accepted = (reference: string) => ({ actor: { reference }, status: "accepted" as const });
    const made = await create<Appointment>({
      resourceType: "Appointment",
      status: "booked",
      ...(start && { start }),
      ...(end && { end }),
      ...(reason && { description: reason }),
      participant: [accepted(`Patient/${patient.id}`), ...(practitioner ? [accepted(practitioner)] : [])],
    });
    say(t("appointment.booked", { name: nameOf(patient), at: momentOf(start) }), () =>
      update({ ...made, status: "cancelled" }).then(onDone),
    );
    clear();
    onDone();
  };
  const field = (name: string, label: string, more: object) =>
    html`<${Field} label=${label} name=${`book-${name}`} value=${draft.value[name] ?? ""} onValue=${(text: string) => set(name, text)} ...${more} />`;
  const nobody: [string, string][] = [["", t("appointment.anybody")]];
  const choices = (people.value ?? []).map((one): [string, string] => [`Practitioner/${one.id}`, nameOf(one)]);
  return html`<${Dialog} title=${t("appointment.book")} onClose=${onClose}>
    <p><${PersonLine} patient=${patient} /></p>
    <${Form} send=${send} submit=${t("appointment.book")} onCancel=${onClose}>
      ${() => html`<div class="fields">
        ${field("day", t("appointment.day"), { type: "date", min: today(), required: true })}
        ${field("time", t("appointment.time"), { type: "time", required: true, autofocus: true })}
        ${field("minutes", t("appointment.minutes"), { options: MINUTES.map((one) => [one, t("time.minutes", { n: Number(one) })]) })}
        ${field("practitioner", t("appointment.with"), { options: [...nobody, ...choices] })}
      </div>
      ${field("reason", t("visit.reason"), {})}
      ${(others.value ?? []).length > 0 && html`<p class="muted">${t("appointment.taken", { n: numberIn(others.value?.length ?? 0) })} <bdi>${others.value?.map((one) => `${timeOf(one.start)}–${timeOf(one.end)}`).join(", ")}</bdi></p>`}
      ${others.value?.some(meets) && html`<p class="not-known" role="status">${t("appointment.meets")}</p>`}`}
    <//>
  <//>`;
}
