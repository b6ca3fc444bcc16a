/** A problem is resolved, corrected, or marked as entered in error. Each can be undone at once; changes by others are not overwritten. */
import type { Condition } from "../../../../../fhir/r4.ts";
import { isCurrent, isMistake } from "../../../../../fhir/clinical-status.ts";
import { html } from "../../html.ts";
import { DateField } from "../../parts/date-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { EditingOf } from "../../parts/editing.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { useRecordEditing } from "../../parts/record-editing.ts";
import { dateOf, today } from "../../platform/clock.ts";
import type { Draft } from "../../platform/drafts.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { t, tIfAny, type TextKey } from "../../platform/texts.ts";
import { active, enteredInError, resolved } from "./problem-status.ts";
import { statusOf } from "./status-text.ts";

/** As a status: entered in error. */
const ERROR = "entered-in-error";

/** The fields of a problem. */
const fieldsOf = (one: Condition): Draft => ({
  text: conceptOf(one.code),
  since: (one.onsetDateTime ?? "").slice(0, 10),
  status: isMistake(one) ? ERROR : statusOf(one),
});

/** The changed problem: with a new text it does not keep the code of the previous one. */
function withFields(one: Condition, fields: Draft): Condition {
  const { text = "", since = "", status } = fields;
  const before = fieldsOf(one);
  const { onsetDateTime, ...rest } = one;
  const onset = since === before["since"] ? onsetDateTime : since || undefined;
  const corrected: Condition = {
    ...rest,
    ...(text.trim() !== before["text"] && { code: { text: text.trim() } }),
    ...(onset !== undefined && { onsetDateTime: onset }),
  };
  if (status === before["status"]) return corrected;
  if (status === ERROR) return enteredInError(corrected);
  return (status === "active" ? active : resolved)(corrected);
}

/** The value of a field as text. */
function textOf(field: string, value: string): string {
  if (field === "since") return value && dateOf(value);
  if (field !== "status") return value;
  return value === ERROR ? t("listed.error") : (tIfAny(`condition.${value}`) ?? value);
}

interface ChangeProblemProps {
  of: Condition;
  onClose: () => void;
  onDone: () => void;
}

export function ChangeProblem({ of, onClose, onDone }: ChangeProblemProps) {
  const what = conceptOf(of.code);
  const editing = useRecordEditing({ of, fieldsOf, withFields, onClose, onDone });
  const { text = "", since = "" } = editing.fields;
  const { set } = editing;
  const isDatedOtherwise = Object.keys(of).some((name) => name.startsWith("onset") && name !== "onsetDateTime");
  const labels = { text: t("problem.what"), since: t("problem.since"), status: t("places.state") };
  const become = (status: string, said: TextKey) => editing.act({ status }, t(said, { what }));
  return html`<${Dialog} title=${what} onClose=${onClose}><${EditingOf} editing=${editing} label=${what} labels=${labels} textOf=${textOf}><div class="stack">
    <${Form} send=${() => editing.send(t("problem.isCorrected", { what }))} submit=${t("store")} label=${t("listed.correct")} onCancel=${editing.leave}>
      ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
        <${Field} label=${labels.text} name="problem-text" value=${text} onValue=${(typed: string) => set("text", typed)} required fault=${faultOf("code")} />
        ${!isDatedOtherwise && html`<${DateField} label=${labels.since} name="problem-since" value=${since} onValue=${(typed: string) => set("since", typed)} max=${today()} isPartial fault=${faultOf("onset")} />`}
      </div>`}
    <//>
    <div class="buttons">
      ${
        isCurrent(of)
          ? html`<button type="button" onClick=${() => become("resolved", "problem.isResolved")}>${t("problem.resolve")}</button>`
          : html`<button type="button" onClick=${() => become("active", "problem.isActive")}>${t("problem.activate")}</button>`
      }
      <button type="button" onClick=${() => become(ERROR, "problem.isError")}>${t("listed.error")}</button>
    </div>
  </div><//><//>`;
}
