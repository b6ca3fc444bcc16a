/** Problems and diagnoses; a new one is entered in a line. */
import { useState } from "preact/hooks";
import type { Condition } from "../../../../../fhir/r4.ts";
import { isCurrent, isMistake } from "../../../../../fhir/clinical-status.ts";
import { html } from "../../html.ts";
import { Field } from "../../parts/field.ts";
import { For } from "../../parts/for.ts";
import { Form } from "../../parts/form.ts";
import { later } from "../../parts/later.ts";
import { say } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { create, type Found, update } from "../../platform/api.ts";
import { dateOf, today } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import type { Loaded } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { t } from "../../platform/texts.ts";
import { enteredInError } from "./problem-status.ts";
import { statusText } from "./status-text.ts";

const ChangeProblem = later("problem.what", () => import("./change-problem.ts").then((it) => it.ChangeProblem));

const CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status";

interface ProblemsProps {
  loaded: Loaded<Found<Condition>>;
  patient: string;
}

export function Problems({ loaded, patient }: ProblemsProps) {
  const [open, setOpen] = useState<Condition | undefined>();
  const show = ({ resources, isPartial, hasMore }: Found<Condition>) => {
    const shown = resources.filter((one) => !isMistake(one)).sort((a, b) => Number(isCurrent(b)) - Number(isCurrent(a)));
    return html`<${Partial} isPartial=${isPartial} hasMore=${hasMore} />
      ${shown.length === 0 && !isPartial && html`<p class="muted">${t("none")}</p>`}
      <ul class="list">${shown.map(
        (
          one,
        ) => html`<li key=${one.id}><span><bdi>${conceptOf(one.code)}</bdi> <span class="muted nowrap">${dateOf(one.onsetDateTime ?? one.recordedDate)}${one.abatementDateTime && ` – ${dateOf(one.abatementDateTime)}`}</span></span>
          <span class="buttons"><span class=${isCurrent(one) ? "tag warn" : "tag"}>${statusText(one)}</span>
          ${offers("Condition") && html`<button type="button" class="quiet" onClick=${() => setOpen(one)}>${t("change")}<${For} who=${conceptOf(one.code)} /></button>`}</span></li>`,
      )}</ul>
      ${offers("Condition") && html`<${New} patient=${patient} onDone=${loaded.reload} />`}`;
  };
  return html`<${Panel} title=${t("problems")} loaded=${loaded} show=${show} id="part-problems" />
    ${open && html`<${ChangeProblem} of=${open} onClose=${() => setOpen(undefined)} onDone=${loaded.reload} />`}`;
}

function New({ patient, onDone }: { patient: string; onDone: () => void }) {
  const { draft, set, clear } = useDraft(`problem.${patient}`);
  const { problem: text = "" } = draft.value;
  const send = async () => {
    const made = await create<Condition>({
      resourceType: "Condition",
      clinicalStatus: { coding: [{ system: CLINICAL, code: "active" }] },
      verificationStatus: { coding: [{ system: VERIFICATION, code: "confirmed" }] },
      code: { text: text.trim() },
      subject: { reference: patient },
      onsetDateTime: today(),
      recordedDate: today(),
    });
    say(t("problem.noted", { what: text }), () => update(enteredInError(made)).then(onDone));
    clear();
    onDone();
  };
  return html`<${Form} send=${send} submit=${t("problem.add")} label=${t("problem.add")} isInline>
    ${() => html`<${Field} label=${t("problem.new")} name="problem" value=${text} onValue=${(typed: string) => set("problem", typed)} required />`}
  <//>`;
}
