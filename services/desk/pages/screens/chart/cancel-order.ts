/** Cancels a laboratory order that waits, with the reason. It cannot wait again: it is ordered anew. */
import type { ServiceRequest } from "../../../../../fhir/r4.ts";
import type { lab as labContract } from "../../../../lab/lab.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { actionsOf } from "../../platform/api.ts";
import { useKept } from "../../platform/drafts.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { joined, t } from "../../platform/texts.ts";

const lab = actionsOf<typeof labContract>("lab");

interface CancelOrderProps {
  of: ServiceRequest;
  onClose: () => void;
  onDone: () => void;
}

export function CancelOrder({ of, onClose, onDone }: CancelOrderProps) {
  const kept = `cancel order ${of.id}`;
  const [reason, setReason] = useKept(kept, "reason");
  const what = conceptOf(of.code);
  const send = async () => {
    await lab.cancel({ order: `ServiceRequest/${of.id}`, version: Number(of.meta?.versionId), reason });
    say(t("order.cancelled", { what }));
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${joined(t("order.cancel"), what)} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("order.cancel")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("reason")} name="order-reason" value=${reason} onValue=${setReason} fault=${faultOf("reason")} required autofocus />`}
    <//>
  <//>`;
}
