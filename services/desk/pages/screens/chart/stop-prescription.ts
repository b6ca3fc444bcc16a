/** Stops a prescription: nothing more is dispensed, and no dose is due. It cannot become active again: the dialog says so. */
import type { MedicationRequest } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { EditingOf } from "../../parts/editing.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { useRecordEditing } from "../../parts/record-editing.ts";
import type { Draft } from "../../platform/drafts.ts";
import { medicationText } from "../../platform/medications.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { joined, t, tIfAny } from "../../platform/texts.ts";

interface StopProps {
  of: MedicationRequest;
  onClose: () => void;
  onDone: () => void;
}

const fieldsOf = ({ status, statusReason }: MedicationRequest): Draft => ({ status, reason: conceptOf(statusReason) });

/** Stored are the status, and the reason. */
const readOf = (typed: Draft): Draft => ({ ...typed, status: "stopped" });

function withFields(one: MedicationRequest, { status, reason = "" }: Draft): MedicationRequest {
  const isSame = reason === fieldsOf(one)["reason"];
  return { ...one, status: status as MedicationRequest["status"], ...(!isSame && { statusReason: { text: reason } }) };
}

const textOf = (field: string, value: string): string => (field === "status" ? (tIfAny(`prescription.${value}`) ?? value) : value);

export function StopPrescription({ of, onClose, onDone }: StopProps) {
  const what = medicationText(of);
  const editing = useRecordEditing({ of, fieldsOf, withFields, readOf, isFinal: true, onClose, onDone });
  const { reason = "" } = editing.fields;
  const labels = { status: t("places.state"), reason: t("reason") };
  return html`<${Dialog} title=${joined(t("prescription.stop"), what)} onClose=${onClose}>
    <p class="hint">${t("prescription.stop.hint")}</p>
    <${EditingOf} editing=${editing} label=${what} labels=${labels} textOf=${textOf}>
      <${Form} send=${() => editing.send(t("prescription.isStopped", { what }))} submit=${t("prescription.stop")} onCancel=${editing.leave}>
        ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("reason")} name="stop-reason" value=${reason} onValue=${(text: string) => editing.set("reason", text)} required autofocus fault=${faultOf("statusReason")} />`}
      <//>
    <//>
  <//>`;
}
