/** Books an appointment for a patient: time, duration, practitioner, reason. A time that is taken needs a reason. */
import { useState } from "preact/hooks";
import type { Appointment, Patient, Practitioner } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { DateField } from "../../parts/date-field.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { TimeField } from "../../parts/time-field.ts";
import { create, Refused, search, update } from "../../platform/api.ts";
import { instantOf, momentOf, timeOf, today } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { listed, numberIn, t } from "../../platform/texts.ts";

/** Durations of appointments, minutes. */
const MINUTES = ["10", "15", "20", "30", "45", "60", "90"];
/** Limit of practitioners to choose from; appointments can also be booked without one. */
const MAX_PRACTITIONERS = "500";
const MAX_TAKEN = "50";
const ON = ["proposed", "pending", "booked", "arrived", "checked-in"];
/** Extension with the reason of a double booking. */
const OVERBOOKED = "urn:openward:overbooked";
const MINUTE_MS = 60_000;

interface BookProps {
  patient: Patient;
  onClose: () => void;
  /** Called when the dialog has done its work. */
  onBooked: () => void;
  /** Called when appointments have changed: one was booked, or that was undone. */
  onDone: () => void;
}

const practitioners = async (): Promise<Practitioner[]> =>
  (await search<Practitioner>("Practitioner", { active: "true", _sort: "family", _count: MAX_PRACTITIONERS })).resources;

/** A practitioner's appointments on a day. */
async function taken(practitioner: string, date: string): Promise<Appointment[]> {
  if (!practitioner || !date) return [];
  const { resources } = await search<Appointment>("Appointment", { actor: practitioner, date, _sort: "date", _count: MAX_TAKEN });
  return resources.filter(({ status }) => ON.includes(status));
}

/** A time span: half open, milliseconds since 1970. */
interface Span {
  from: number;
  to: number;
}

const spanOf = ({ start = "", end = "" }: Appointment): Span => ({ from: Date.parse(start), to: Date.parse(end) });
const meets = (one: Span, other: Span): boolean => one.from < other.to && one.to > other.from;

/** The first free time of the same length from the wanted one on. @param others in order */
function freeFrom({ from, to }: Span, others: Span[]): number {
  let free = from;
  for (const other of others) if (meets({ from: free, to: free + to - from }, other)) free = other.to;
  return free;
}

export function Book({ patient, onClose, onBooked, onDone }: BookProps) {
  const people = useLoad("practitioners", practitioners);
  const kept = `book.${patient.id}`;
  const { draft, set } = useDraft(kept, { day: today(), minutes: "15" });
  const { day = "", time = "", minutes = "", practitioner = "", reason = "", override = "" } = draft.value;
  const others = useLoad(`taken ${practitioner} ${day}`, () => taken(practitioner, day));
  const [isRefused, setRefused] = useState(false);
  const from = time ? Date.parse(instantOf(day, time)) : Number.NaN;
  const wanted = { from, to: from + Number(minutes) * MINUTE_MS };
  const spans = (others.value ?? []).map(spanOf);
  const isTaken = isRefused || spans.some((other) => meets(wanted, other));
  const isoOf = (at: number) => new Date(at).toISOString();
  const send = async () => {
    const accepted = (reference: string) => ({ actor: { reference }, status: "accepted" as const });
    const why = isTaken && override ? { extension: [{ url: OVERBOOKED, valueString: override }] } : {};
    try {
      const made = await create<Appointment>({
        resourceType: "Appointment",
        status: "booked",
        start: isoOf(wanted.from),
        end: isoOf(wanted.to),
        ...(reason && { description: reason }),
        ...why,
        participant: [accepted(`Patient/${patient.id}`), ...(practitioner ? [accepted(practitioner)] : [])],
      });
      const back = () => update({ ...made, status: "cancelled" }).then(onDone);
      say(t("appointment.booked", { name: nameOf(patient), at: momentOf(made.start) }), back);
    } catch (error) {
      if (error instanceof Refused && error.type === "PRACTITIONER_BUSY") {
        setRefused(true); // another person was faster
        others.reload();
      }
      throw error;
    }
    onBooked();
    onDone();
  };
  const choose = (name: string, text: string) => {
    if (name !== "override" && name !== "reason") setRefused(false);
    set(name, text);
  };
  const field = (name: string, label: string, more: object) =>
    html`<${Field} label=${label} name=${`book-${name}`} value=${draft.value[name] ?? ""} onValue=${(text: string) => choose(name, text)} ...${more} />`;
  const nobody: [string, string][] = [["", t("appointment.anybody")]];
  const choices = (people.value ?? []).map((one): [string, string] => [`Practitioner/${one.id}`, nameOf(one)]);
  return html`<${Dialog} title=${t("appointment.book")} onClose=${onClose}>
    <p><${PersonLine} patient=${patient} /></p>
    <${Form} draft=${kept} send=${send} submit=${t("appointment.book")} onCancel=${onClose} fieldOf=${{ PRACTITIONER_BUSY: "override" }}>
      ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
        <${DateField} label=${t("day")} name="book-day" value=${day} onValue=${(text: string) => choose("day", text)} min=${today()} required />
        <${TimeField} label=${t("appointment.time")} name="book-time" value=${time} onValue=${(text: string) => choose("time", text)} required autofocus />
        ${field("minutes", t("appointment.minutes"), { options: MINUTES.map((one) => [one, t("time.minutes", { n: Number(one) })]) })}
        ${field("practitioner", t("appointment.with"), { options: [...nobody, ...choices] })}
      </div>
      ${field("reason", t("visit.reason"), {})}
      ${spans.length > 0 && html`<p class="muted">${t("appointment.taken", { n: numberIn(spans.length) })} <bdi>${listed(spans.map(said))}</bdi></p>`}
      ${isTaken && html`<${Taken} free=${freeFrom(wanted, spans)} day=${day} onTime=${(free: string) => choose("time", free)} />${field("override", t("appointment.override"), { required: true, fault: faultOf("override") })}`}`}
    <//>
  <//>`;
}

const said = ({ from, to }: Span): string => `${timeOf(from)}–${timeOf(to)}`;

/** The time is taken: offers the next free one. */
function Taken({ free, day, onTime }: { free: number; day: string; onTime: (time: string) => void }) {
  const isToday = Number.isFinite(free) && instantOf(day, timeOf(free)) === new Date(free).toISOString();
  return html`<div class="not-known" role="status">${t("appointment.meets")}
    ${isToday && html`<button type="button" onClick=${() => onTime(timeOf(free))}>${t("appointment.free", { time: timeOf(free) })}</button>`}</div>`;
}
