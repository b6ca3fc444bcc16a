/** Records home medication: one of the hospital's medications by its code, so that it can be prescribed, or any other in words. */
import type { MedicationStatement } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { codeNamedNow } from "../../parts/code-field.ts";
import { DateField } from "../../parts/date-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { NumberField } from "../../parts/number-field.ts";
import { say } from "../../parts/notices.ts";
import { create, Refused } from "../../platform/api.ts";
import { today } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import { knownMedications } from "../../platform/known-codes.ts";
import { useLoad } from "../../platform/load.ts";
import { amountIn, requireOneWay } from "../../platform/numbers.ts";
import { takeBack } from "../../platform/taken-back.ts";
import { t } from "../../platform/texts.ts";
import { dosageOf, takenSince } from "./home-medication-status.ts";

interface NoteProps {
  /** "Patient/…" */
  patient: string;
  onClose: () => void;
  onDone: () => void;
}

export function NoteHomeMedication({ patient, onClose, onDone }: NoteProps) {
  const medications = useLoad("medications", knownMedications);
  const kept = `taken.${patient}`;
  const { draft, set } = useDraft(kept);
  const { what = "", dosage = "", dose = "", often = "", since = "" } = draft.value;
  const send = async () => {
    const coding = await codeNamedNow(medications.value, knownMedications, what);
    requireOneWay(dose, "dose");
    const amount = amountIn(dose);
    if (dose && !amount) throw new Refused(422, "NO_AMOUNT", "");
    const noted: MedicationStatement = {
      resourceType: "MedicationStatement",
      status: "active",
      medicationCodeableConcept: coding ? { text: coding.display, coding: [coding] } : { text: what.trim() },
      subject: { reference: patient },
      dateAsserted: new Date().toISOString(),
      ...((dosage || amount || often) && { dosage: [dosageOf(dosage.trim(), amount, Number(often))] }),
    };
    const made = await create(takenSince(noted, since));
    say(t("taken.noted", { what: what.trim() }), () => takeBack({ ...made, status: "entered-in-error" }, made).then(onDone));
    onClose();
    onDone();
  };
  const field = (name: string, label: string, more: object = {}) =>
    html`<${Field} label=${label} name=${`taken-${name}`} value=${draft.value[name] ?? ""} onValue=${(text: string) => set(name, text)} ...${more} />`;
  return html`<${Dialog} title=${t("taken.note")} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("taken.note")} onCancel=${onClose} fieldOf=${{ NO_AMOUNT: "dose" }}>
      ${(faultOf: (field: string) => string | undefined) => html`
        ${field("what", t("medication.one"), { list: "taken-codes", hint: t("taken.hint"), required: true, autofocus: true, fault: faultOf("medication") })}
        <datalist id="taken-codes">${(medications.value ?? []).map(({ code, display }) => html`<option key=${code} value=${display}>${code}</option>`)}</datalist>
        <div class="fields">
          ${field("dosage", t("dosage"), { fault: faultOf("dosage") })}
          ${field("dose", t("dose"), { hint: t("dose.hint"), fault: faultOf("dose") })}
          <${NumberField} label=${t("timing.often")} name="taken-often" value=${often} onValue=${(text: string) => set("often", text)} min="1" max="24" hint=${t("timing.hint")} />
          <${DateField} label=${t("problem.since")} name="taken-since" value=${since} onValue=${(day: string) => set("since", day)} max=${today()} isPartial />
        </div>`}
    <//>
  <//>`;
}
