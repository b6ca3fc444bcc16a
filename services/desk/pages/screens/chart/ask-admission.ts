/** Asks that the patient be admitted: the wards see it on their boards. */
import type { Patient } from "../../../../../fhir/r4.ts";
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { actionsOf } from "../../platform/api.ts";
import { useDraft } from "../../platform/drafts.ts";
import { nameOf } from "../../platform/names.ts";
import { t } from "../../platform/texts.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");
type Kind = "planned" | "emergency";

/** See the head of this file. */
export function AskAdmission({ patient, onClose }: { patient: Patient; onClose: () => void }) {
  const { draft, set, clear } = useDraft(`admission.${patient.id}`, { kind: "emergency" });
  const { kind = "", reason = "" } = draft.value;
  const send = async () => {
    const { request } = await stays.request({ patient: `Patient/${patient.id}`, kind: kind as Kind, ...(reason && { reason }) });
    say(t("admission.asked", { name: nameOf(patient) }), () => stays.deny({ request, reason: t("undo.reason") }));
    clear();
    onClose();
  };
  return html`<${Dialog} title=${t("admission.ask")} onClose=${onClose}>
    <${Form} send=${send} submit=${t("admission.ask")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
        <${Field} label=${t("admission.kind")} name="admission-kind" value=${kind} onValue=${(chosen: string) => set("kind", chosen)} options=${(["emergency", "planned"] as const).map((one) => [one, t(`request.${one}`)])} />
        <${Field} label=${t("reason")} name="admission-reason" value=${reason} onValue=${(text: string) => set("reason", text)} autofocus fault=${faultOf("reason")} />
      </div>`}
    <//>
  <//>`;
}
