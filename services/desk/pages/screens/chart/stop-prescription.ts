/** A prescription is stopped: nothing more of it is handed out, and no dose is due. It is not active again: the dialog says so. */
import type { MedicationRequest } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { update } from "../../platform/api.ts";
import { useKept } from "../../platform/drafts.ts";
import { conceptOf } from "../../platform/names.ts";
import { joined, t } from "../../platform/texts.ts";

interface StopProps {
  of: MedicationRequest;
  onClose: () => void;
  onDone: () => void;
}

/** See the head of this file. */
export function StopPrescription({ of, onClose, onDone }: StopProps) {
  const kept = `stop ${of.id}`;
  const [reason, setReason] = useKept(kept, "reason");
  const what = conceptOf(of.medicationCodeableConcept);
  const send = async () => {
    await update({ ...of, status: "stopped", statusReason: { text: reason } });
    say(t("prescription.isStopped", { what }));
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${joined(t("prescription.stop"), what)} onClose=${onClose}>
    <p class="hint">${t("prescription.stop.hint")}</p>
    <${Form} draft=${kept} send=${send} submit=${t("prescription.stop")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("reason")} name="stop-reason" value=${reason} onValue=${setReason} required autofocus fault=${faultOf("statusReason")} />`}
    <//>
  <//>`;
}
