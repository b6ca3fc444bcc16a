/** Home medication is stopped, changed, or marked as entered in error. Each can be undone at once; changes by others are not overwritten. */
import type { MedicationStatement } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { DateField } from "../../parts/date-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { EditingOf } from "../../parts/editing.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { useRecordEditing } from "../../parts/record-editing.ts";
import { dateOf, today } from "../../platform/clock.ts";
import { medicationText } from "../../platform/medications.ts";
import type { Draft } from "../../platform/drafts.ts";
import { t, tIfAny } from "../../platform/texts.ts";
import { dosageTextOf, sinceOf, stopped, takenSince } from "./home-medication-status.ts";

/** As a status: entered in error. */
const ERROR = "entered-in-error";

interface ChangeProps {
  of: MedicationStatement;
  onClose: () => void;
  onDone: () => void;
}

/** The fields of a home medication. */
const fieldsOf = (one: MedicationStatement): Draft => ({
  dosage: dosageTextOf(one),
  since: (sinceOf(one) ?? "").slice(0, 10),
  status: one.status,
});

/** The changed statement: a new dosage text has no number and no timing from the previous one. */
function withFields(one: MedicationStatement, fields: Draft): MedicationStatement {
  const { dosage: text = "", since = "", status } = fields;
  const before = fieldsOf(one);
  const dated = since === before["since"] ? one : takenSince(one, since);
  const { dosage: _, ...rest } = dated;
  const isSame = text.trim() === before["dosage"];
  const dosed: MedicationStatement = isSame ? dated : { ...rest, ...(text.trim() && { dosage: [{ text: text.trim() }] }) };
  if (status === before["status"]) return dosed;
  return status === "stopped" ? stopped(dosed, today()) : { ...dosed, status: status as MedicationStatement["status"] };
}

/** The value of a field as text. */
function textOf(field: string, value: string): string {
  if (field === "since") return value && dateOf(value);
  if (field !== "status") return value;
  return value === ERROR ? t("listed.error") : (tIfAny(`taken.status.${value}`) ?? value);
}

export function ChangeHomeMedication({ of, onClose, onDone }: ChangeProps) {
  const what = medicationText(of);
  const editing = useRecordEditing({ of, fieldsOf, withFields, onClose, onDone });
  const { dosage = "", since = "" } = editing.fields;
  const { set } = editing;
  const labels = { dosage: t("dosage"), since: t("problem.since"), status: t("places.state") };
  return html`<${Dialog} title=${what} onClose=${onClose}><${EditingOf} editing=${editing} label=${what} labels=${labels} textOf=${textOf}><div class="stack">
    <${Form} send=${() => editing.send(t("problem.isCorrected", { what }))} submit=${t("store")} label=${t("listed.correct")} onCancel=${editing.leave}>
      ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
        <${Field} label=${labels.dosage} name="taken-dosage" value=${dosage} onValue=${(typed: string) => set("dosage", typed)} autofocus fault=${faultOf("dosage")} />
        <${DateField} label=${labels.since} name="taken-since" value=${since} onValue=${(day: string) => set("since", day)} max=${today()} isPartial fault=${faultOf("effective")} />
      </div>`}
    <//>
    <div class="buttons">
      ${of.status !== "stopped" && html`<button type="button" onClick=${() => editing.act({ status: "stopped" }, t("taken.isStopped", { what }))}>${t("taken.stop")}</button>`}
      <button type="button" onClick=${() => editing.act({ status: ERROR }, t("problem.isError", { what }))}>${t("listed.error")}</button>
    </div>
  </div><//><//>`;
}
