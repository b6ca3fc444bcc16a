/** Corrects an issued result, with a reason. The correction is issued at once and cannot be undone; corrections by others are not overwritten. */
import type { Observation } from "../../../../../fhir/r4.ts";
import type { lab as labContract } from "../../../../lab/lab.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { EditingOf, useEditing } from "../../parts/editing.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import type { WithPatient } from "../../parts/joined.ts";
import { say } from "../../parts/notices.ts";
import { actionsOf, read } from "../../platform/api.ts";
import type { Draft } from "../../platform/drafts.ts";
import { nameOf } from "../../platform/names.ts";
import { requireOneWay } from "../../platform/numbers.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { joined, t } from "../../platform/texts.ts";
import { findingIn } from "./enter.ts";

const lab = actionsOf<typeof labContract>("lab");

interface CorrectProps {
  result: WithPatient<Observation>;
  onClose: () => void;
  onDone: () => void;
}

const fieldsOf = ({ valueQuantity: { comparator, value, unit } = {}, valueString }: Observation): Draft => ({
  value: `${comparator ?? ""}${value ?? valueString ?? ""}`,
  unit: unit ?? "",
});

const versionOf = ({ meta }: Observation): string | undefined => meta?.versionId;

async function correct({ id }: Observation, { value = "", unit = "", reason = "" }: Draft, seen: string | undefined): Promise<void> {
  requireOneWay(value, "value");
  const version = seen === undefined ? {} : { version: Number(seen) };
  await lab.correctResult({ observation: `Observation/${id}`, ...version, finding: findingIn(value, unit), reason });
}

export function Correct({ result: { of, patient }, onClose, onDone }: CorrectProps) {
  const reference = `Observation/${of.id}`;
  const editing = useEditing<Observation>({
    name: `correct ${of.id}`,
    of,
    versionOf,
    fieldsOf,
    store: async (one, fields, { seen, said }) => {
      await correct(one, fields, seen);
      say(said);
    },
    isStale: ({ type }) => type === "RESULT_CHANGED",
    versionsOf: (one, seen) => {
      const before = seen === versionOf(one) ? one : read<Observation>(`${reference}/_history/${seen}`).catch(() => undefined);
      return Promise.all([read<Observation>(reference), before]);
    },
    onClose,
    onDone,
  });
  const labels = { value: t("result.value"), unit: t("result.unit") };
  const field = (name: string, label: string, more: object) =>
    html`<${Field} label=${label} name=${`correct-${name}`} value=${editing.fields[name] ?? ""} onValue=${(text: string) => editing.set(name, text)} ...${more} />`;
  return html`<${Dialog} title=${joined(conceptOf(of.code), nameOf(patient))} onClose=${onClose}>
    <p class="hint">${t("bench.correct.hint")}</p>
    <${EditingOf} editing=${editing} label=${conceptOf(of.code)} labels=${labels}>
      <${Form} send=${() => editing.send(t("bench.isCorrected"))} submit=${t("bench.correct")} onCancel=${editing.leave}>
        ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
          ${field("value", labels.value, { required: true, autofocus: true, fault: faultOf("value") })}
          ${field("unit", labels.unit, { fault: faultOf("finding.unit") })}
          ${field("reason", t("reason"), { required: true, fault: faultOf("reason") })}
        </div>`}
      <//>
    <//>
  <//>`;
}
