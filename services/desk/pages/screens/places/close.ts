/** A bed, a room or a ward takes nobody in any more, for a reason, or takes patients in again. */
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

const wards = actionsOf<typeof wardsContract>("wards");

interface CloseProps {
  place: { location: string };
  name: string;
  isClosed: boolean;
  reload: () => void;
}

/** See the head of this file. */
export function CloseOrOpen({ place: { location }, name, isClosed, reload }: CloseProps) {
  const [isAsking, setAsking] = useState(false);
  const [reason, setReason] = useState("");
  const close = async () => {
    await wards.close({ location, reason });
    say(t("places.isClosed", { name }), () => wards.reopen({ location }).then(reload));
    setAsking(false);
    setReason("");
    reload();
  };
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
    ${
      isAsking &&
      html`<${Dialog} title=${t("places.closeOf", { name })} onClose=${() => setAsking(false)}>
      <${Form} send=${close} submit=${t("places.close")} onCancel=${() => setAsking(false)}>
        ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("reason")} name="close-reason" value=${reason} onValue=${setReason} required autofocus fault=${faultOf("reason")} />`}
      <//>
    <//>`
    }`;
}
