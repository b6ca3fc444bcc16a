/** Enters what was found; with it the report is issued. */
import { useState } from "preact/hooks";
import type { Observation, ServiceRequest } from "../../../../../fhir/r4.ts";
import type { Finding, lab as labContract } from "../../../../lab/lab.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import type { WithPatient } from "../../parts/joined.ts";
import { say } from "../../parts/notices.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, search } from "../../platform/api.ts";
import { useDraft } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { conceptOf } from "../../platform/names.ts";
import { t } from "../../platform/texts.ts";

const lab = actionsOf<typeof labContract>("lab");

/** A number with its unit, or words. */
export const findingIn = (value: string, unit: string): Finding => {
  const number = Number(value.trim().replace(",", "."));
  return Number.isFinite(number) && value.trim() !== "" && unit.trim() !== ""
    ? { value: number, unit: unit.trim() }
    : { text: `${value} ${unit}`.trim() };
};

interface EnterProps {
  order: WithPatient<ServiceRequest>;
  onClose: () => void;
  onDone: () => void;
}

/** The unit that this test had last. */
async function usualUnit({ code }: ServiceRequest): Promise<string> {
  const { system, code: value } = code?.coding?.[0] ?? {};
  const { resources } = await search<Observation>("Observation", { code: `${system ?? ""}|${value ?? ""}`, _sort: "-date", _count: "1" });
  return resources[0]?.valueQuantity?.unit ?? "";
}

/** See the head of this file. */
export function EnterResult({ order: { of, patient }, onClose, onDone }: EnterProps) {
  const unit = useLoad(`unit ${of.id}`, () => usualUnit(of));
  const { draft, set, clear } = useDraft(`result.${of.id}`);
  const [typedUnit, setUnit] = useState<string | undefined>();
  const shownUnit = typedUnit ?? unit.value ?? "";
  const send = async () => {
    await lab.enterResult({ order: `ServiceRequest/${of.id}`, finding: findingIn(draft.value["value"] ?? "", shownUnit) });
    clear();
    say(t("bench.issued"));
    onDone();
  };
  return html`<${Dialog} title=${conceptOf(of.code)} onClose=${onClose}>
    <div class="stack">
      ${patient && html`<p><${PersonLine} patient=${patient} /></p>`}
      <${Form} send=${send} submit=${t("bench.release")} onCancel=${onClose}>
        ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
          <${Field} label=${t("result.value")} name="value" value=${draft.value["value"] ?? ""} onValue=${(text: string) => set("value", text)} required autofocus inputmode="decimal" fault=${faultOf("finding.value")} />
          <${Field} label=${t("result.unit")} name="unit" value=${shownUnit} onValue=${setUnit} hint=${t("result.unit.hint")} fault=${faultOf("finding.unit")} />
        </div>`}
      <//>
    </div>
  <//>`;
}
