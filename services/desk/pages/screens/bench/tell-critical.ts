/** The laboratory reports a critical value by telephone, and records who was told. Seeing it at the bench is no acknowledgement. */
import type { Patient } from "../../../../../fhir/r4.ts";
import type { CriticalValue } from "../../../../lab/bench.contract.ts";
import type { lab as labContract } from "../../../../lab/lab.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf } from "../../platform/api.ts";
import { useKept } from "../../platform/drafts.ts";
import { testText } from "../../platform/test-names.ts";
import { joined, t } from "../../platform/texts.ts";

const lab = actionsOf<typeof labContract>("lab");

interface TellProps {
  of: CriticalValue;
  patient: Patient | undefined;
  /** Where an admitted patient lies: which ward is called. */
  place?: string | undefined;
  /** The value as it is read out. */
  value: string;
  onClose: () => void;
  onDone: () => void;
}

export function TellCritical({ of: { observation, version, test }, patient, place, value, onClose, onDone }: TellProps) {
  const kept = `tell ${observation}`;
  const [who, setWho] = useKept(kept, "who");
  const send = async () => {
    await lab.acknowledge({ observation, version, note: t("critical.toldTo", { who: who.trim() }) });
    say(t("critical.isTold", { who: who.trim() }));
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${t("critical.tell")} onClose=${onClose}><div class="stack">
    <p>${place && html`<bdi class="tag place">${place}</bdi> `}${patient && html`<${PersonLine} patient=${patient} /><br />`}<strong>${joined(testText(test), value)}</strong></p>
    <${Form} draft=${kept} send=${send} submit=${t("critical.tell")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("critical.who")} name="told-who" value=${who} onValue=${setWho} hint=${t("critical.readBack")} required autofocus fault=${faultOf("note")} />`}
    <//>
  </div><//>`;
}
