/** A patient's label and wristband, as they are printed. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { Dotted } from "./dotted.ts";
import { dateOf } from "../platform/clock.ts";
import { nameOf, numberOf, otherNamesOf, sexOf } from "../platform/names.ts";
import { t } from "../platform/texts.ts";
import { CodeImage } from "./code-image.ts";
import { Dialog } from "./dialog.ts";

/** Prints one of the two. */
export function LabelDialog({ patient, onClose }: { patient: Patient; onClose: () => void }) {
  const [kind, setKind] = useState<"label" | "wristband">("label");
  const code = numberOf(patient) || `Patient/${patient.id}`;
  const names = [nameOf(patient), ...otherNamesOf(patient)];
  return html`<${Dialog} title=${t("label.title")} onClose=${onClose}>
    <div class="stack">
      <div class="tabs" role="group" aria-label=${t("label.title")}>
        ${(["label", "wristband"] as const).map(
          (one) =>
            html`<button key=${one} type="button" aria-pressed=${kind === one} onClick=${() => setKind(one)}>${t(`label.${one}`)}</button>`,
        )}
      </div>
      <div class="print ${kind}">
        <${CodeImage} key=${kind} text=${code} kind=${kind === "label" ? "code128" : "datamatrix"} />
        <p>${names.map((name) => html`<strong key=${name}><bdi>${name}</bdi></strong> `)}<br />
        <${Dotted} of=${[sexOf(patient.gender), dateOf(patient.birthDate)]} /><br /><bdi>${code}</bdi></p>
      </div>
      <div class="buttons"><button type="button" class="main" onClick=${() => print()}>${t("print")}</button></div>
    </div>
  <//>`;
}
