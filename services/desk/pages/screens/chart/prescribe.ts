/** Prescribing: a recorded severe allergy must be overridden with a reason. Home medication is continued with its dosage. */
import { useState } from "preact/hooks";
import type { AllergyIntolerance, MedicationRequest, MedicationStatement } from "../../../../../fhir/r4.ts";
import type { pharmacy as pharmacyContract } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { CodeField, codeNamed, codeNamedNow } from "../../parts/code-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { NumberField } from "../../parts/number-field.ts";
import { say } from "../../parts/notices.ts";
import { actionsOf, type Found, read, Refused, update } from "../../platform/api.ts";
import { dateOf } from "../../platform/clock.ts";
import { dosageWords } from "../../platform/dosage-words.ts";
import { useDraft } from "../../platform/drafts.ts";
import { type KnownCode, knownMedications } from "../../platform/known-codes.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { medicationOf, medicationText } from "../../platform/medications.ts";
import { joined, leading, t } from "../../platform/texts.ts";
import { Allergies } from "./allergies.ts";
import { askedDosage, DosageFields, typedDosage } from "./dosage-fields.ts";
import { dosageTextOf, doseTextOf, timesADayOf } from "./home-medication-status.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");

interface PrescribeProps {
  patient: string;
  allergies: Loaded<Found<AllergyIntolerance>>;
  /** What is prescribed already. */
  prescribed: Loaded<Found<MedicationRequest>>;
  /** The home medication that is continued by this. */
  continues?: MedicationStatement;
  /** An earlier prescription, which is prescribed again. */
  again?: MedicationRequest;
  onClose: () => void;
  onDone: () => void;
}

/** The fields for continued home medication; without a code, a medication is chosen from the hospital's. */
const fieldsOf = (one: MedicationStatement) => ({
  medication: one.medicationCodeableConcept?.coding ? medicationText(one) : "",
  dosage: dosageTextOf(one),
  dose: doseTextOf(one),
  often: timesADayOf(one),
});

/** The fields for what is prescribed again. */
const fieldsAgain = (one: MedicationRequest) => ({
  ...typedDosage(one.dosageInstruction?.[0]),
  medication: medicationText(one),
  quantity: `${one.dispenseRequest?.quantity?.value ?? ""}`,
});

/** The prescriptions in force of the medication that is being prescribed. */
const alreadyOf = ({ system, code }: KnownCode, all: MedicationRequest[]): MedicationRequest[] =>
  all.filter(
    (one) => one.status === "active" && medicationOf(one)?.coding?.some((coding) => coding.code === code && coding.system === system),
  );

/** Warns of a second prescription of what the patient is given already: the dose would be doubled. Which of the two is stopped is decided by people. */
function Already({ medication, all }: { medication: KnownCode | undefined; all: MedicationRequest[] }) {
  const found = medication ? alreadyOf(medication, all) : [];
  return html`<div aria-live="polite">${found.map(
    (one) =>
      html`<p key=${one.id} class="alert">⚠ ${leading("prescribe.already")} <bdi>${joined(dosageWords(one.dosageInstruction), dateOf(one.authoredOn))}</bdi></p>`,
  )}</div>`;
}

export function Prescribe({ patient, allergies, prescribed, continues, again, onClose, onDone }: PrescribeProps) {
  const medications = useLoad("medications", knownMedications);
  const kept = `prescribe.${continues?.id ?? again?.id ?? patient}`;
  const { draft, set } = useDraft(kept, continues ? fieldsOf(continues) : again && fieldsAgain(again));
  const [isAllergic, setAllergic] = useState(false);
  const value = (name: string) => draft.value[name] ?? "";
  /** A reason given for one medication does not apply to another: allergies are checked again. */
  const choose = (text: string) => {
    setAllergic(false);
    set("override", "");
    set("medication", text);
  };
  const send = async () => {
    const medication = await codeNamedNow(medications.value, knownMedications, value("medication"));
    if (!medication) throw new Refused(422, "CHOOSE_FROM_LIST", "");
    const given = {
      patient,
      medication,
      quantity: Number(value("quantity")),
      ...askedDosage(value),
      ...(continues && { continues: `MedicationStatement/${continues.id}` }),
      ...(isAllergic && value("override") && { override: value("override") }),
    };
    try {
      const { prescription } = await pharmacy.prescribe(given);
      const back = async () => {
        await update({ ...(await read<MedicationRequest>(prescription)), status: "cancelled" });
        onDone();
      };
      say(t("prescribed", { what: medication.display }), back);
    } catch (error) {
      if (error instanceof Refused && error.type === "ALLERGY_RECORDED") setAllergic(true);
      throw error;
    }
    onClose();
    onDone();
  };
  const field = (name: string, label: string, more: object = {}, As: typeof Field | typeof NumberField = Field) =>
    html`<${As} label=${label} name=${name} value=${value(name)} onValue=${(text: string) => set(name, text)} required ...${more} />`;
  const fieldOf = { CHOOSE_FROM_LIST: "medication", ALLERGY_RECORDED: "override", DOSE_MAXIMUM_IMPOSSIBLE: "maxPerDay" };
  return html`<${Dialog} title=${t("prescribe")} onClose=${onClose}>
    <${Allergies} loaded=${allergies} />
    ${continues && html`<p class="hint">${leading("taken")} <bdi>${joined(medicationText(continues), dosageTextOf(continues))}</bdi></p>`}
    <${Form} draft=${kept} send=${send} submit=${t("prescribe")} onCancel=${onClose} fieldOf=${fieldOf}>
      ${(faultOf: (field: string) => string | undefined) => html`
        <div><${CodeField} label=${t("medication.one")} name="medication" value=${value("medication")} onValue=${choose} codes=${medications.value ?? []} autofocus=${value("medication") === ""} fault=${faultOf("medication")} />
          <${Already} medication=${codeNamed(medications.value ?? [], value("medication"))} all=${prescribed.value?.resources ?? []} /></div>
        <${DosageFields} value=${value} set=${set} faultOf=${faultOf}>
          ${field("quantity", t("quantity"), { min: "1", autofocus: value("medication") !== "", fault: faultOf("quantity") }, NumberField)}
        <//>
        ${isAllergic && field("override", t("allergy.override"), { fault: faultOf("override") })}`}
    <//>
  <//>`;
}
