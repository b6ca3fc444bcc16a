/** What is prescribed, on paper: for a pharmacy outside the hospital. What the patient does not need from there is left out. */
import { useContext, useState } from "preact/hooks";
import type { MedicationRequest } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Dotted } from "../../parts/dotted.ts";
import { Sheet } from "../../parts/sheet.ts";
import { Whose } from "../../parts/whose.ts";
import { dateOf } from "../../platform/clock.ts";
import { dosageWords } from "../../platform/dosage-words.ts";
import { medicationText } from "../../platform/medications.ts";
import { countText } from "../../platform/shown-values.ts";
import { t } from "../../platform/texts.ts";

interface SheetProps {
  /** Prescriptions in force. */
  prescriptions: MedicationRequest[];
  onClose: () => void;
}

export function PrescriptionSheet({ prescriptions, onClose }: SheetProps) {
  const patient = useContext(Whose);
  const [leftOut, setLeftOut] = useState<readonly string[]>([]);
  const isOn = ({ id = "" }: MedicationRequest) => !leftOut.includes(id);
  const turn = (one: MedicationRequest) => setLeftOut(isOn(one) ? [...leftOut, one.id ?? ""] : leftOut.filter((id) => id !== one.id));
  const choice = (one: MedicationRequest) =>
    html`<label key=${one.id} class="choice"><input type="checkbox" checked=${isOn(one)} onChange=${() => turn(one)} /> <bdi>${medicationText(one)}</bdi></label>`;
  const line = (one: MedicationRequest) => html`<li key=${one.id}>
    <p><strong><bdi>${medicationText(one)}</bdi></strong> ${one.dispenseRequest?.quantity && html`<bdi class="nowrap">× ${countText(one.dispenseRequest.quantity)}</bdi>`}</p>
    <p><bdi>${dosageWords(one.dosageInstruction)}</bdi></p>
    <p class="muted"><${Dotted} of=${[dateOf(one.authoredOn), one.requester?.display]} /></p>
  </li>`;
  return html`<${Dialog} title=${t("prescription.sheet")} onClose=${onClose}><div class="stack">
    ${prescriptions.length > 1 && html`<fieldset><legend>${t("prescription.onSheet")}</legend><div class="stack">${prescriptions.map(choice)}</div></fieldset>`}
    <${Sheet} isSigned title=${t("prescription.sheet")} patient=${patient}><ol class="prescribed">${prescriptions.filter(isOn).map(line)}</ol><//>
  </div><//>`;
}
