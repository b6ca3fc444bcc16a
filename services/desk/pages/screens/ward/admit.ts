/** Admits a patient to a free bed; an open visit becomes the stay. */
import { useState } from "preact/hooks";
import type { Encounter, Patient } from "../../../../../fhir/r4.ts";
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { KnownFirst } from "../../parts/known-first.ts";
import { say } from "../../parts/notices.ts";
import { PatientSearch } from "../../parts/patient-search.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf } from "../../platform/api.ts";
import { useLoad } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { joined, t } from "../../platform/texts.ts";
import { CleaningChoice } from "./cleaning.ts";
import { type PlacedBed, stateOf } from "./move.ts";
import { openVisitOf } from "./open-visit.ts";
import { useKept } from "../../platform/drafts.ts";
import { conceptOf } from "../../platform/shown-values.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");

interface AdmitProps {
  bed: PlacedBed;
  onClose: () => void;
  reload: () => void;
}

export function AdmitDialog({ bed, onClose, reload }: AdmitProps) {
  const [patient, setPatient] = useState<Patient | undefined>();
  const isFree = bed.status === "free";
  return html`<${Dialog} title=${isFree ? t("ward.admitTo", { bed: bed.place }) : joined(bed.place, stateOf(bed))} onClose=${onClose}>
    <div class="stack">
    ${isFree && !patient && html`<${PatientSearch} id="admit-search" label=${t("search")} onPick=${setPatient} />`}
    ${isFree && patient && html`<${Admit} key=${patient.id} bed=${bed} patient=${patient} onClose=${onClose} reload=${reload} onCancel=${() => setPatient(undefined)} />`}
    <${CleaningChoice} bed=${bed} onClose=${onClose} onDone=${reload} />
    </div>
  <//>`;
}

type PatientProps = AdmitProps & { patient: Patient; onCancel: () => void };

function Admit(props: PatientProps) {
  const { patient } = props;
  const visit = useLoad(`open visit of ${patient.id}`, () => openVisitOf(`Patient/${patient.id}`));
  return html`<p><${PersonLine} patient=${patient} /></p>
    <${KnownFirst} facts=${[visit]}>
      ${visit.value && html`<p class="muted">${t("ward.visitBecomesStay")}</p>`}
      <${AdmitForm} ...${props} visit=${visit.value} />
    <//>`;
}

function AdmitForm({ bed, patient, visit, onClose, reload, onCancel }: PatientProps & { visit: Encounter | null | undefined }) {
  const kept = `admit ${bed.location} ${patient.id}`;
  const [reason, setReason] = useKept(kept, "reason", conceptOf(visit?.reasonCode?.[0]));
  const admit = async () => {
    const given = {
      patient: `Patient/${patient.id}`,
      bed: bed.location,
      ...(visit && { visit: `Encounter/${visit.id}` }),
      ...(reason && { reason }),
    };
    const { stay } = await stays.admit(given);
    const back = () => stays.cancelAdmission({ stay, reason: t("undo.reason") }).then(reload);
    say(t("ward.admittedTo", { name: nameOf(patient), bed: bed.place }), back);
    onClose();
    reload();
  };
  return html`<${Form} draft=${kept} send=${admit} submit=${t("ward.admit")} onCancel=${onCancel}>
    ${() => html`<${Field} label=${t("ward.reason")} name="admit-reason" value=${reason} onValue=${setReason} autofocus />`}
  <//>`;
}
