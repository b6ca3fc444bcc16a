/** What is taken at home no more, otherwise, or was noted by mistake. Each can be taken back at once. */
import type { MedicationStatement } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { DateField } from "../../parts/date-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { update } from "../../platform/api.ts";
import { today } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import { conceptOf } from "../../platform/names.ts";
import { takeBack } from "../../platform/taken-back.ts";
import { t, type TextKey } from "../../platform/texts.ts";
import { dosageTextOf, sinceOf, stopped, takenSince } from "./home-medication-status.ts";

interface ChangeProps {
  of: MedicationStatement;
  onClose: () => void;
  onDone: () => void;
}

/** Put right: a dosage that is said otherwise has no number and no timing of what was said before. */
function corrected(one: MedicationStatement, { dosage, since }: { dosage: string; since: string }): MedicationStatement {
  const dated = since === (sinceOf(one) ?? "").slice(0, 10) ? one : takenSince(one, since);
  if (dosage.trim() === dosageTextOf(one)) return dated;
  const { dosage: _, ...rest } = dated;
  return dosage.trim() ? { ...rest, dosage: [{ text: dosage.trim() }] } : rest;
}

/** See the head of this file. */
export function ChangeHomeMedication({ of, onClose, onDone }: ChangeProps) {
  const what = conceptOf(of.medicationCodeableConcept);
  const initial = { dosage: dosageTextOf(of), since: (sinceOf(of) ?? "").slice(0, 10) };
  const { draft, set, clear, basis } = useDraft(`change ${of.id}`, initial, of.meta?.versionId);
  const { dosage = "", since = "" } = draft.value;
  const close = () => {
    clear();
    onClose();
  };
  /** @param seen the version that was seen when the form was begun */
  const store = async (changed: MedicationStatement, said: TextKey, seen?: string) => {
    const stored = await update(changed, seen);
    say(t(said, { what }), () => takeBack(of, stored).then(onDone));
    close();
    onDone();
  };
  const act = (changed: MedicationStatement, said: TextKey) => store(changed, said).catch(sayFault);
  return html`<${Dialog} title=${what} onClose=${onClose}><div class="stack">
    <${Form} send=${() => store(corrected(of, { dosage, since }), "problem.isCorrected", basis())} submit=${t("store")} label=${t("listed.correct")} onCancel=${close}>
      ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
        <${Field} label=${t("dosage")} name="taken-dosage" value=${dosage} onValue=${(typed: string) => set("dosage", typed)} autofocus fault=${faultOf("dosage")} />
        <${DateField} label=${t("problem.since")} name="taken-since" value=${since} onValue=${(day: string) => set("since", day)} max=${today()} isPartial fault=${faultOf("effective")} />
      </div>`}
    <//>
    <div class="buttons">
      ${of.status !== "stopped" && html`<button type="button" onClick=${() => act(stopped(of, today()), "taken.isStopped")}>${t("taken.stop")}</button>`}
      <button type="button" onClick=${() => act({ ...of, status: "entered-in-error" }, "problem.isError")}>${t("listed.error")}</button>
    </div>
  </div><//>`;
}
