/** The front desk: patients are found or registered, the day's visits, and appointments. */
import { useEffect, useState } from "preact/hooks";
import { OPEN_STATUSES } from "../../../../fhir/open-encounters.ts";
import type { Encounter, Patient } from "../../../../fhir/r4.ts";
import type { visits as visitsContract } from "../../../visits/visits.contract.ts";
import { html } from "../html.ts";
import { say, sayFault } from "../parts/notices.ts";
import { Field } from "../parts/field.ts";
import { Form } from "../parts/form.ts";
import { LabelDialog } from "../parts/label.ts";
import { PersonLine } from "../parts/person-line.ts";
import { actionsOf, read, search } from "../platform/api.ts";
import { since } from "../platform/clock.ts";
import { useLoad } from "../platform/load.ts";
import { offers } from "../platform/menu.ts";
import { nameOf } from "../platform/names.ts";
import { hrefOf } from "../platform/router.ts";
import { t } from "../platform/texts.ts";
import { PatientSearch } from "../parts/patient-search.ts";
import { Appointments } from "./front-desk/appointments.ts";
import { Book } from "./front-desk/book.ts";
import { Queue } from "./front-desk/queue.ts";
import { Register } from "./front-desk/register.ts";
import { useKept } from "../platform/drafts.ts";

const visits = actionsOf<typeof visitsContract>("visits");

/** Who is at the desk is still there after a reload, or a look at another page. */
const AT_DESK = "at the desk";

export default function FrontDesk() {
  const [patient, setPatient] = useState<Patient | undefined>();
  const [kept, keep] = useKept(AT_DESK, "patient");
  const [turn, setTurn] = useState(0); // changes with the queue and the appointments
  const changed = () => setTurn((before) => before + 1);
  const pick = (picked: Patient | undefined) => {
    setPatient(picked);
    keep(picked?.id ?? "");
  };
  const show = (reference: string) => read<Patient>(reference).then(pick, sayFault);
  useEffect(() => {
    if (kept) read<Patient>(`Patient/${kept}`).then(setPatient, () => keep(""));
  }, []);
  return html`<div class="columns">
    <section class="panel" aria-label=${t("desk.who")}>
      <header><h2>${t("desk.who")}</h2></header>
      ${
        patient
          ? html`<${Present} key=${patient.id} patient=${patient} onClose=${() => pick(undefined)} onDone=${changed} />`
          : html`<${PatientSearch} id="desk-search" label=${t("desk.find")} onPick=${pick} />
            <${Register} onRegistered=${show} onFound=${pick} />`
      }
    </section>
    <div class="stack"><${Queue} turn=${turn} /><${Appointments} turn=${turn} onArrived=${changed} /></div>
  </div>`;
}

/** The visit and the stay that are open already: a second visit would be refused. */
async function openEncounters({ id }: Patient): Promise<Encounter[]> {
  return (await search<Encounter>("Encounter", { subject: `Patient/${id}`, status: OPEN_STATUSES.join(), _sort: "date", _count: "3" }))
    .resources;
}

/** A known patient at the desk: opens a visit, prints a label. */
function Present({ patient, onClose, onDone }: { patient: Patient; onClose: () => void; onDone: () => void }) {
  const kept = `visit ${patient.id}`;
  const [reason, setReason] = useKept(kept, "reason");
  const [open, setOpen] = useState<"label" | "book" | undefined>();
  const close = () => setOpen(undefined);
  const openVisit = async () => {
    const { visit } = await visits.open({ patient: `Patient/${patient.id}`, ...(reason && { reason }) });
    say(t("visit.opened", { name: nameOf(patient) }), () => visits.cancel({ visit, reason: t("undo.reason") }).then(onDone));
    onClose();
    onDone();
  };
  const there = useLoad(`encounters of ${patient.id}`, () => openEncounters(patient));
  return html`<p><${PersonLine} patient=${patient} /></p>
    <p role="status">${there.value?.map(
      (one) =>
        html`<span key=${one.id} class="tag warn">${t(one.class.code === "AMB" ? "chart.visitSince" : "chart.staySince")} ${since(one.period?.start)}</span> `,
    )}</p>
    <${Form} draft=${kept} send=${openVisit} submit=${t("visit.open")} onCancel=${onClose} label=${t("visit.open")}>
      ${() => html`<${Field} label=${t("visit.reason")} name="reason" value=${reason} onValue=${setReason} autofocus />`}
    <//>
    <div class="buttons">
      ${offers("Appointment") && html`<button type="button" onClick=${() => setOpen("book")}>${t("appointment.book")}</button>`}
      <button type="button" onClick=${() => setOpen("label")}>${t("label.title")}</button>
      <a href=${hrefOf("chart", patient.id)}>${t("chart")}</a>
    </div>
    ${open === "label" && html`<${LabelDialog} patient=${patient} onClose=${close} />`}
    ${open === "book" && html`<${Book} patient=${patient} onClose=${close} onBooked=${onClose} onDone=${onDone} />`}`;
}
