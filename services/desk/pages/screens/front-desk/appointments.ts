/** Appointments of a day: expected, arrived, missed. */
import { useState } from "preact/hooks";
import type { Appointment, Patient, Practitioner } from "../../../../../fhir/r4.ts";
import type { visits as visitsContract } from "../../../../visits/visits.contract.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { DateField } from "../../parts/date-field.ts";
import { For } from "../../parts/for.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, read, search, update } from "../../platform/api.ts";
import { timeOf, today } from "../../platform/clock.ts";
import { useNews } from "../../platform/live.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { nameOf } from "../../platform/names.ts";
import { hrefOf } from "../../platform/router.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { t, tIfAny } from "../../platform/texts.ts";

const visits = actionsOf<typeof visitsContract>("visits");
/** Limit per day. */
const MAX_SHOWN = "200";
const EXPECTED: readonly string[] = ["proposed", "pending", "booked"];

/** Booked at a time that is already taken, with a reason. */
const isOverbooked = ({ extension = [] }: Appointment): boolean => extension.some(({ url }) => url === "urn:openward:overbooked");

interface Expected {
  of: Appointment;
  patient: Patient | undefined;
  practitioner: Practitioner | undefined;
}

interface Day {
  all: Expected[];
  isPartial: boolean;
}

async function ofDay(date: string): Promise<Day> {
  const query = { date, _sort: "date", _count: MAX_SHOWN, _include: "Appointment:actor" };
  const { resources, included, isPartial } = await search<Appointment>("Appointment", query);
  const actors = new Map(included.map((one) => [`${one.resourceType}/${one.id}`, one]));
  const actorOf = (of: Appointment, type: string) =>
    of.participant.map(({ actor }) => actors.get(actor?.reference ?? "")).find((one) => one?.resourceType === type);
  const all = resources.map((of) => ({
    of,
    patient: actorOf(of, "Patient") as Patient | undefined,
    practitioner: actorOf(of, "Practitioner") as Practitioner | undefined,
  }));
  return { all: all.filter(({ of }) => of.status !== "entered-in-error"), isPartial };
}

/** @param turn changes when one was booked @param onArrived called when the queue has changed */
export function Appointments({ turn, onArrived }: { turn: number; onArrived: () => void }) {
  const [chosen, setDay] = useState<string | undefined>();
  const day = chosen ?? today(); // the page may stay open over midnight
  const live = useNews("types=Appointment", () => known.reload());
  const known = useLoad(`appointments ${day}`, () => ofDay(day), live.everyMs);
  useTurn(known, turn);
  const act = async (work: () => Promise<unknown>, text: string, undo: () => Promise<unknown>) => {
    const changed = () => {
      known.reload();
      onArrived();
    };
    try {
      await work();
      say(text, () => undo().then(changed));
    } catch (error) {
      sayFault(error);
    }
    changed();
  };
  const arrived = ({ of, patient }: Expected) => {
    let visit = "";
    const arrive = async () => {
      visit = (await visits.arrive({ appointment: `Appointment/${of.id}`, version: Number(of.meta?.versionId) })).visit;
    };
    return act(arrive, t("visit.opened", { name: nameOf(patient) }), () => visits.cancel({ visit, reason: t("undo.reason") }));
  };
  const set = ({ of, patient }: Expected, status: "cancelled" | "noshow") => {
    const back = async () => update({ ...(await read<Appointment>(`Appointment/${of.id}`)), status: "booked" });
    return act(() => update({ ...of, status }), t(`appointment.is.${status}`, { name: nameOf(patient) }), back);
  };
  const row = (one: Expected) => {
    const { of, patient, practitioner } = one;
    const time = html`<strong>${timeOf(of.start)}</strong>${isOverbooked(of) && html` <span class="tag warn">${t("appointment.overbooked")}</span>`}`;
    const said = [of.description ?? conceptOf(of.reasonCode?.[0]), practitioner && nameOf(practitioner)].filter(Boolean);
    const button = (text: string, onClick: () => unknown, isQuiet = true) =>
      html`<button type="button" class=${isQuiet ? "quiet" : ""} onClick=${onClick}>${text}<${For} who=${nameOf(patient)} /></button>`;
    return html`<li key=${of.id}><span>${patient ? html`<a href=${hrefOf("chart", patient.id)}><${PersonLine} patient=${patient} /></a>` : t("person.notKnown")}<br />
      <${Dotted} of=${[time, ...said.map((text) => html`<bdi class="muted">${text}</bdi>`)]} /></span>
      ${
        EXPECTED.includes(of.status)
          ? html`<span class="buttons">${button(t("appointment.arrived"), () => arrived(one), false)}
            ${offers("Appointment") && html`${button(t("appointment.noshow"), () => set(one, "noshow"))} ${button(t("appointment.cancel"), () => set(one, "cancelled"))}`}</span>`
          : html`<span class=${of.status === "arrived" ? "tag good" : "tag"}>${tIfAny(`appointment.status.${of.status}`) ?? of.status}</span>`
      }</li>`;
  };
  const show = ({ all, isPartial }: Day) => html`<${Partial} isPartial=${isPartial} />
    <p class="muted" role="status">${t("appointments.count", { n: all.filter(({ of }) => EXPECTED.includes(of.status)).length })}</p>
    <ul class="list roomy">${all.map(row)}</ul>`;
  const actions = html`<${DateField} label=${t("day")} isLabelHidden name="appointments-day" value=${day} onValue=${setDay} required />`;
  return html`<${Panel} title=${t("appointments")} loaded=${known} show=${show} actions=${actions} id="part-appointments" />`;
}
