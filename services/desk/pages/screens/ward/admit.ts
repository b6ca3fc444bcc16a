/** Admits a patient to a free bed; an open visit becomes the stay. */
import { useState } from "preact/hooks";
import type { Encounter, Patient } from "../../../../../fhir/r4.ts";
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { PatientSearch } from "../../parts/patient-search.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, search } from "../../platform/api.ts";
import { conceptOf, nameOf } from "../../platform/names.ts";
import { t } from "../../platform/texts.ts";
import { CleaningChoice } from "./cleaning.ts";
import type { PlacedBed } from "./move.ts";
import { useKept } from "../../platform/drafts.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");

/** The open visit of the patient. */
async function openVisitOf(patient: string): Promise<Encounter | undefined> {
  return (await search<Encounter>("Encounter", { subject: patient, class: "AMB", status: "in-progress", _count: "1" })).resources[0];
}

interface AdmitProps {
  bed: PlacedBed;
  onClose: () => void;
  reload: () => void;
}

export function AdmitDialog({ bed, onClose, reload }: AdmitProps) {
  const kept = `admit ${bed.location}`;
  const [patient, setPatient] = useState<Patient | undefined>();
  const [visit, setVisit] = useState<Encounter | undefined>();
  const [reason, setReason] = useKept(kept, "reason");
  const pick = async (found: Patient) => {
    const open = await openVisitOf(`Patient/${found.id}`);
    setVisit(open);
    setReason(conceptOf(open?.reasonCode?.[0]));
    setPatient(found);
  };
  const admit = async () => {
    const given = {
      patient: `Patient/${patient?.id}`,
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
  return html`<${Dialog} title=${t("ward.admitTo", { bed: bed.place })} onClose=${onClose}>
    ${
      bed.status !== "free"
        ? html`<p>${bed.cleaning && bed.cleaning !== "clean" ? t(`cleaning.${bed.cleaning}`) : t("bed.closed")}</p>`
        : html`
    ${!patient && html`<${PatientSearch} id="admit-search" label=${t("search")} onPick=${pick} />`}
    ${
      patient &&
      html`<p><${PersonLine} patient=${patient} /></p>
      ${visit && html`<p class="muted">${t("ward.visitBecomesStay")}</p>`}
      <${Form} draft=${kept} send=${admit} submit=${t("ward.admit")} onCancel=${() => setPatient(undefined)}>
        ${() => html`<${Field} label=${t("ward.reason")} name="admit-reason" value=${reason} onValue=${setReason} autofocus />`}
      <//>`
    }`
    }
    <${CleaningChoice} bed=${bed} onClose=${onClose} onDone=${reload} />
  <//>`;
}
