/** Whose work a page lists: everybody's, or that of one patient, who stands at the counter. */
import type { Patient } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { t } from "../platform/texts.ts";
import { PatientSearch } from "./patient-search.ts";
import { PersonLine } from "./person-line.ts";

interface OfPatientProps {
  /** Of the field. */
  id: string;
  /** Undefined: everybody's work. */
  patient: Patient | undefined;
  onChoose: (patient: Patient | undefined) => void;
}

export function OfPatient({ id, patient, onChoose }: OfPatientProps) {
  return html`<section class="of-patient no-print" aria-label=${t("list.ofPatient")}>${
    patient
      ? html`<p class="buttons"><${PersonLine} patient=${patient} /> <button type="button" onClick=${() => onChoose(undefined)}>${t("list.ofAll")}</button></p>`
      : html`<${PatientSearch} id=${id} label=${t("list.ofPatient")} onPick=${onChoose} />`
  }</section>`;
}
