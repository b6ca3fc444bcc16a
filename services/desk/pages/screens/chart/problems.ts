/** Problems and diagnoses; a new one is written in a line. */
import type { Condition } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { create, type Found, update } from "../../platform/api.ts";
import { dateOf, today } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import type { Loaded } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { conceptOf } from "../../platform/names.ts";
import { t, tIfAny } from "../../platform/texts.ts";

const CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
const statusOf = ({ clinicalStatus }: Condition) => clinicalStatus?.coding?.[0]?.code ?? "active";
const isError = ({ verificationStatus }: Condition) => verificationStatus?.coding?.[0]?.code === "entered-in-error";

interface ProblemsProps {
  loaded: Loaded<Found<Condition>>;
  patient: string;
}

/** See the head of this file. */
export function Problems({ loaded, patient }: ProblemsProps) {
  const show = ({ resources, isPartial }: Found<Condition>) => {
    const shown = resources
      .filter((one) => !isError(one))
      .sort((a, b) => Number(statusOf(b) === "active") - Number(statusOf(a) === "active"));
    return html`<${Partial} isPartial=${isPartial} />
      ${shown.length === 0 && html`<p class="muted">${t("none")}</p>`}
      <ul class="list">${shown.map(
        (
          one,
        ) => html`<li key=${one.id}><span><bdi>${conceptOf(one.code)}</bdi> <span class="muted nowrap">${dateOf(one.onsetDateTime ?? one.recordedDate)}</span></span>
          <span class=${statusOf(one) === "active" ? "tag warn" : "tag"}>${tIfAny(`condition.${statusOf(one)}`) ?? statusOf(one)}</span></li>`,
      )}</ul>
      ${offers("Condition") && html`<${New} patient=${patient} onDone=${loaded.reload} />`}`;
  };
  return html`<${Panel} title=${t("problems")} loaded=${loaded} show=${show} />`;
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
    const { clinicalStatus: _, ...rest } = made;
    const isNone: Condition = { ...rest, verificationStatus: { coding: [{ system: VERIFICATION, code: "entered-in-error" }] } };
    say(t("problem.noted", { what: text }), () => update(isNone).then(onDone));
    clear();
    onDone();
  };
  return html`<${Form} send=${send} submit=${t("problem.add")} label=${t("problem.add")} isInline>
    ${() => html`<${Field} label=${t("problem.new")} name="problem" value=${text} onValue=${(typed: string) => set("problem", typed)} required />`}
  <//>`;
}
