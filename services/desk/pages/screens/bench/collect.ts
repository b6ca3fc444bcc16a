/** Collects a specimen: the tube gets a label with a number of its own. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../../fhir/r4.ts";
import type { BenchOrder, Label } from "../../../../lab/bench.contract.ts";
import type { lab as labContract } from "../../../../lab/lab.contract.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { CodeImage } from "../../parts/code-image.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { specimenText, testText } from "../../platform/test-names.ts";
import { t } from "../../platform/texts.ts";

const lab = actionsOf<typeof labContract>("lab");

interface CollectProps {
  orders: BenchOrder[];
  patient: Patient | undefined;
  /** Where an admitted patient lies. */
  place?: string | undefined;
  onClose: () => void;
  onDone: () => void;
}

export function CollectDialog({ orders, patient, place, onClose, onDone }: CollectProps) {
  const [label, setLabel] = useState<Label | undefined>();
  const [asked] = useState(orders); // they will be collected when the list is read again
  const send = async () => {
    const made = await lab.collect({ orders: asked.map(({ order }) => order) });
    setLabel(made);
    say(t("bench.collected", { number: made.accession }), () =>
      lab.rejectSpecimen({ specimen: made.specimen, reason: t("undo.reason") }).then(onDone),
    );
    onDone();
  };
  return html`<${Dialog} title=${t("bench.collect")} onClose=${onClose}>
    <div class="stack">
      <p>${place && html`<bdi class="tag place">${place}</bdi> `}${patient && html`<${PersonLine} patient=${patient} />`}</p>
      ${
        label
          ? html`<div class="print label"><${CodeImage} text=${label.accession} /><p><${Dotted} of=${[label.accession, specimenText(label.kind)]} /><br />${patient && html`<${PersonLine} patient=${patient} />`}<br />${momentOf(label.collectedAt)}</p></div>
            <div class="buttons"><button type="button" class="main" onClick=${() => print()}>${t("print")}</button></div>`
          : html`<ul>${asked.map(({ order, test }) => html`<li key=${order}><bdi>${testText(test)}</bdi></li>`)}</ul>
            <${Form} send=${send} submit=${t("bench.collect")} onCancel=${onClose}>${() => null}<//>`
      }
    </div>
  <//>`;
}
