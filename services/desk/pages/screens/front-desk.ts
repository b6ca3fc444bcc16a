/** The front desk: who comes is found or registered, and the visits of the day. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../fhir/r4.ts";
import type { visits as visitsContract } from "../../../visits/visits.contract.ts";
import { html } from "../html.ts";
import { say } from "../parts/notices.ts";
import { Field } from "../parts/field.ts";
import { Form } from "../parts/form.ts";
import { LabelDialog } from "../parts/label.ts";
import { PersonLine } from "../parts/person-line.ts";
import { actionsOf, read } from "../platform/api.ts";
import { nameOf } from "../platform/names.ts";
import { hrefOf } from "../platform/router.ts";
import { t } from "../platform/texts.ts";
import { PatientSearch } from "../parts/patient-search.ts";
import { Queue } from "./front-desk/queue.ts";
import { Register } from "./front-desk/register.ts";

const visits = actionsOf<typeof visitsContract>("visits");

/** See the head of this file. */
export default function FrontDesk() {
  const [patient, setPatient] = useState<Patient | undefined>();
  const [turn, setTurn] = useState(0); // of the queue
  const show = async (reference: string) => setPatient(await read<Patient>(reference));
  return html`<div class="columns">
    <section class="panel" aria-label=${t("desk.who")}>
      <header><h2>${t("desk.who")}</h2></header>
      ${
        patient
          ? html`<${Present} patient=${patient} onDone=${() => {
              setPatient(undefined);
              setTurn((before) => before + 1);
            }} />`
          : html`<${PatientSearch} id="desk-search" label=${t("desk.find")} onPick=${setPatient} />
            <${Register} onRegistered=${show} onFound=${setPatient} />`
      }
    </section>
    <${Queue} turn=${turn} />
  </div>`;
}

/** Somebody who stands at the desk and is known: a visit, a label. */
function Present({ patient, onDone }: { patient: Patient; onDone: () => void }) {
  const [reason, setReason] = useState("");
  const [isPrinting, setPrinting] = useState(false);
  const open = async () => {
    const { visit } = await visits.open({ patient: `Patient/${patient.id}`, ...(reason && { reason }) });
    say(t("visit.opened", { name: nameOf(patient) }), () => visits.cancel({ visit, reason: t("undo.reason") }).then(onDone));
    onDone();
  };
  return html`<p><${PersonLine} patient=${patient} /></p>
    <${Form} send=${open} submit=${t("visit.open")} onCancel=${onDone} label=${t("visit.open")}>
      ${() => html`<${Field} label=${t("visit.reason")} name="reason" value=${reason} onValue=${setReason} autofocus />`}
    <//>
    <div class="buttons">
      <button type="button" onClick=${() => setPrinting(true)}>${t("label.title")}</button>
      <a href=${hrefOf("chart", patient.id)}>${t("chart")}</a>
    </div>
    ${isPrinting && html`<${LabelDialog} patient=${patient} onClose=${() => setPrinting(false)} />`}`;
}
