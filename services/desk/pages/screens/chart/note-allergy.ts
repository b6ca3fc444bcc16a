/** Records an allergy: to one of the hospital's medications by its code, so that prescriptions are checked against it, or to anything else in words. */
import type { AllergyIntolerance, CodeableConcept } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { codeNamed } from "../../parts/code-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { KnownFirst } from "../../parts/known-first.ts";
import { say } from "../../parts/notices.ts";
import { create, type Found, update } from "../../platform/api.ts";
import { useDraft } from "../../platform/drafts.ts";
import { knownMedications } from "../../platform/known-codes.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { t } from "../../platform/texts.ts";
import { enteredInError, RecordedAllergies } from "./recorded-allergies.ts";

const CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
const concept = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });

interface NoteAllergyProps {
  /** "Patient/…" */
  patient: string;
  /** Already recorded allergies. */
  recorded: Loaded<Found<AllergyIntolerance>>;
  onClose: () => void;
  onDone: () => void;
}

export function NoteAllergy({ patient, recorded, onClose, onDone }: NoteAllergyProps) {
  const medications = useLoad("medications", knownMedications);
  const kept = `allergy.${patient}`;
  const { draft, set } = useDraft(kept);
  const { to = "", severe = "" } = draft.value;
  const codes = medications.value ?? [];
  const send = async () => {
    // Without the code, prescriptions would not be checked against it: waits for the list if it was not loaded while typing.
    const coding = codeNamed(medications.value ?? (await knownMedications()), to);
    const made = await create<AllergyIntolerance>({
      resourceType: "AllergyIntolerance",
      clinicalStatus: concept(CLINICAL, "active"),
      verificationStatus: concept(VERIFICATION, "confirmed"),
      criticality: severe ? "high" : "unable-to-assess",
      code: { text: to.trim(), ...(coding && { coding: [coding] }) },
      patient: { reference: patient },
      recordedDate: new Date().toISOString(),
    });
    say(t("allergy.noted", { what: to }), () => update(enteredInError(made)).then(onDone));
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${t("allergy.note")} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("allergy.note")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`
        <${Field} label=${t("allergy.to")} name="allergy" value=${to} onValue=${(text: string) => set("to", text)} list="allergy-codes" hint=${t("allergy.hint")} required autofocus fault=${faultOf("code")} />
        <datalist id="allergy-codes">${codes.map(({ code, display }) => html`<option key=${code} value=${display}>${code}</option>`)}</datalist>
        <label class="choice"><input type="checkbox" name="allergy-severe" checked=${severe !== ""} onChange=${() => set("severe", severe ? "" : "yes")} /> ${t("allergies.severe")}</label>`}
    <//>
    <${KnownFirst} facts=${[recorded]}><${RecordedAllergies} all=${recorded.value?.resources ?? []} onDone=${onDone} /><//>
  <//>`;
}
