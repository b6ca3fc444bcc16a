/** Closes a bed, a room or a ward for new patients, with a reason, or reopens it. */
import { useState } from "preact/hooks";
import type { wards as wardsContract } from "../../../../wards/wards.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { For } from "../../parts/for.ts";
import { Form } from "../../parts/form.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { actionsOf } from "../../platform/api.ts";
import { t } from "../../platform/texts.ts";
import { useKept } from "../../platform/drafts.ts";

const wards = actionsOf<typeof wardsContract>("wards");

interface CloseProps {
  place: { location: string };
  name: string;
  isClosed: boolean;
  reload: () => void;
}

export function CloseOrOpen(props: CloseProps) {
  const { place, name, isClosed, reload } = props;
  const { location } = place;
  const [isAsking, setAsking] = useState(false);
  const reopen = async () => {
    try {
      await wards.reopen({ location });
      say(t("places.isOpen", { name }), () => wards.close({ location, reason: t("undo.reason") }).then(reload));
    } catch (error) {
      sayFault(error);
    }
    reload();
  };
  return html`<button type="button" class="quiet" onClick=${isClosed ? reopen : () => setAsking(true)}>${t(isClosed ? "places.reopen" : "places.close")}<${For} who=${name} /></button>
    ${isAsking && html`<${Close} ...${props} onClose=${() => setAsking(false)} />`}`;
}

function Close({ place: { location }, name, reload, onClose }: CloseProps & { onClose: () => void }) {
  const kept = `close ${location}`;
  const [reason, setReason] = useKept(kept, "reason");
  const close = async () => {
    await wards.close({ location, reason });
    say(t("places.isClosed", { name }), () => wards.reopen({ location }).then(reload));
    onClose();
    reload();
  };
  return html`<${Dialog} title=${t("places.closeOf", { name })} onClose=${onClose}>
    <${Form} draft=${kept} send=${close} submit=${t("close")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("reason")} name="close-reason" value=${reason} onValue=${setReason} required autofocus fault=${faultOf("reason")} />`}
    <//>
  <//>`;
}
