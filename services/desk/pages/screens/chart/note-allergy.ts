/** Records an allergy: to one of the hospital's medications by its code, so that prescriptions are checked against it, or to anything else in words. */
import type { AllergyIntolerance, CodeableConcept } from "../../../../../fhir/r4.ts";
import { currentAllergies, isCurrent, saysNoneKnown } from "../../../../../fhir/clinical-status.ts";
import { html } from "../../html.ts";
import { codeNamedNow } from "../../parts/code-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { KnownFirst } from "../../parts/known-first.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { type Found, storeTogether } from "../../platform/api.ts";
import { useDraft } from "../../platform/drafts.ts";
import { knownMedications } from "../../platform/known-codes.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { takeBack, takeBackEach } from "../../platform/taken-back.ts";
import { t } from "../../platform/texts.ts";
import { noneKnownIn } from "./allergies.ts";
import { enteredInError, RecordedAllergies } from "./recorded-allergies.ts";

const CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
const concept = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });

const NONE_KNOWN = { system: "http://snomed.info/sct", code: "716186003", display: "No known allergy" };

/** An allergy was found: that there is none was wrong. */
const refute = (one: AllergyIntolerance): AllergyIntolerance => ({
  ...one,
  clinicalStatus: concept(CLINICAL, "inactive"),
  verificationStatus: concept(VERIFICATION, "refuted"),
});

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
    // Without the code, prescriptions would not be checked against it.
    const coding = await codeNamedNow(medications.value, knownMedications, to);
    await store({ criticality: severe ? "high" : "unable-to-assess", code: { text: to.trim(), ...(coding && { coding: [coding] }) } });
  };
  const all = recorded.value?.resources ?? [];
  /** Stores what the patient has said. What was said before, that there is none, is no longer so. */
  const store = async (known: Pick<AllergyIntolerance, "code" | "criticality">) => {
    const allergy: AllergyIntolerance = {
      resourceType: "AllergyIntolerance",
      clinicalStatus: concept(CLINICAL, "active"),
      verificationStatus: concept(VERIFICATION, "confirmed"),
      ...known,
      patient: { reference: patient },
      recordedDate: new Date().toISOString(),
    };
    const before = all.filter((one) => isCurrent(one) && saysNoneKnown(one));
    const [made, ...refuted] = (await storeTogether({ made: [allergy], changed: before.map(refute) })) as AllergyIntolerance[];
    const left = [...before.map((one, index) => [one, refuted[index]]), [enteredInError(made as AllergyIntolerance), made]] as [
      AllergyIntolerance,
      AllergyIntolerance,
    ][];
    const undo = () => takeBackEach(left, ([was, now]) => takeBack(was, now)).finally(onDone);
    say(saysNoneKnown(known) ? t("allergies.noneKnown") : t("allergy.noted", { what: to }), undo);
    onClose();
    onDone();
  };
  const noteNone = () => store({ code: { coding: [NONE_KNOWN] } }).catch(sayFault);
  return html`<${Dialog} title=${t("allergy.note")} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("allergy.note")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`
        <${Field} label=${t("allergy.to")} name="allergy" value=${to} onValue=${(text: string) => set("to", text)} list="allergy-codes" hint=${t("allergy.hint")} required autofocus fault=${faultOf("code")} />
        <datalist id="allergy-codes">${codes.map(({ code, display }) => html`<option key=${code} value=${display}>${code}</option>`)}</datalist>
        <label class="choice"><input type="checkbox" name="allergy-severe" checked=${severe !== ""} onChange=${() => set("severe", severe ? "" : "yes")} /> ${t("allergies.severe")}</label>`}
    <//>
    <${KnownFirst} facts=${[recorded]}>
      ${currentAllergies(all).length === 0 && !noneKnownIn(all) && html`<div class="buttons"><button type="button" onClick=${noteNone}>${t("allergies.noneKnown")}</button></div>`}
      <${RecordedAllergies} all=${all} onDone=${onDone} />
    <//>
  <//>`;
}
