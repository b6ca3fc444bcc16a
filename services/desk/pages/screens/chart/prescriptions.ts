/** Medication, and prescribing: a severe allergy that is recorded must be overridden with a reason. */
import { useState } from "preact/hooks";
import type { MedicationRequest } from "../../../../../fhir/r4.ts";
import type { pharmacy as pharmacyContract } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { CodeField, codeNamed } from "../../parts/code-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { For } from "../../parts/for.ts";
import { Form } from "../../parts/form.ts";
import { later } from "../../parts/later.ts";
import { say } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { actionsOf, type Found, read, Refused, update } from "../../platform/api.ts";
import { dateOf } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import { knownMedications } from "../../platform/known-codes.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { conceptOf } from "../../platform/names.ts";
import { amountIn, requireOneWay } from "../../platform/numbers.ts";
import { t, tIfAny } from "../../platform/texts.ts";

const StopPrescription = later(() => import("./stop-prescription.ts").then((it) => it.StopPrescription));

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");

interface PrescriptionsProps {
  loaded: Loaded<Found<MedicationRequest>>;
  patient: string;
}

/** See the head of this file. */
export function Prescriptions({ loaded, patient }: PrescriptionsProps) {
  const [isOpen, setOpen] = useState(false);
  const [stopped, setStopped] = useState<MedicationRequest | undefined>();
  const show = ({ resources, isPartial }: Found<MedicationRequest>) => html`<${Partial} isPartial=${isPartial} />
    ${resources.length === 0 && html`<p class="muted">${t("prescriptions.none")}</p>`}
    <ul class="list">${resources.map(
      (
        one,
      ) => html`<li key=${one.id}><span><bdi>${conceptOf(one.medicationCodeableConcept)}</bdi><br /><span class="muted">${one.dosageInstruction?.[0]?.text && html`<bdi>${one.dosageInstruction[0].text}</bdi> · `}<span class="nowrap">${dateOf(one.authoredOn)}</span></span></span>
        <span class="buttons"><span class=${one.status === "active" ? "tag good" : "tag"}>${tIfAny(`prescription.${one.status}`) ?? one.status}</span>
        ${one.status === "active" && offers("pharmacy.prescribe") && html`<button type="button" class="quiet" onClick=${() => setStopped(one)}>${t("prescription.stop")}<${For} who=${conceptOf(one.medicationCodeableConcept)} /></button>`}</span></li>`,
    )}</ul>`;
  const actions = offers("pharmacy.prescribe") && html`<button type="button" onClick=${() => setOpen(true)}>${t("prescribe")}</button>`;
  const close = () => setOpen(false);
  return html`<${Panel} title=${t("medication")} loaded=${loaded} show=${show} actions=${actions} />
    ${isOpen && html`<${Prescribe} patient=${patient} onClose=${close} onDone=${loaded.reload} />`}
    ${stopped && html`<${StopPrescription} of=${stopped} onClose=${() => setStopped(undefined)} onDone=${loaded.reload} />`}`;
}

function Prescribe({ patient, onClose, onDone }: { patient: string; onClose: () => void; onDone: () => void }) {
  const medications = useLoad("medications", knownMedications);
  const { draft, set, clear } = useDraft(`prescribe.${patient}`);
  const [isAllergic, setAllergic] = useState(false);
  const value = (name: string) => draft.value[name] ?? "";
  const send = async () => {
    const medication = codeNamed(medications.value ?? (await knownMedications()), value("medication"));
    if (!medication) throw new Refused(422, "CHOOSE_FROM_LIST", "");
    const often = Number(value("often"));
    requireOneWay(value("dose"), "dose");
    const dose = amountIn(value("dose"));
    if (value("dose") && !dose) throw new Refused(422, "NO_AMOUNT", "");
    const given = {
      patient,
      medication,
      quantity: Number(value("quantity")),
      dosage: value("dosage"),
      ...(dose && { dose }),
      ...(often > 0 && { timing: { frequency: often, period: 1, periodUnit: "d" as const, from: new Date().toISOString() } }),
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
    clear();
    onClose();
    onDone();
  };
  const field = (name: string, label: string, more: object = {}) =>
    html`<${Field} label=${label} name=${name} value=${value(name)} onValue=${(text: string) => set(name, text)} required ...${more} />`;
  const fieldOf = { CHOOSE_FROM_LIST: "medication", NO_AMOUNT: "dose", ALLERGY_RECORDED: "override" };
  return html`<${Dialog} title=${t("prescribe")} onClose=${onClose}>
    <${Form} send=${send} submit=${t("prescribe")} onCancel=${onClose} fieldOf=${fieldOf}>
      ${(faultOf: (field: string) => string | undefined) => html`
        <${CodeField} label=${t("medication.one")} name="medication" value=${value("medication")} onValue=${(text: string) => set("medication", text)} codes=${medications.value ?? []} fault=${faultOf("medication")} />
        <div class="fields">
          ${field("dosage", t("dosage"), { fault: faultOf("dosage") })}
          ${field("dose", t("dose"), { required: Number(value("often")) > 0, hint: t("dose.hint"), fault: faultOf("dose") })}
          ${field("often", t("timing.often"), { type: "number", min: "1", max: "24", required: false, hint: t("timing.hint"), fault: faultOf("timing.frequency") })}
          ${field("quantity", t("quantity"), { type: "number", min: "1", fault: faultOf("quantity") })}
        </div>
        ${isAllergic && field("override", t("allergy.override"), { fault: faultOf("override") })}`}
    <//>
  <//>`;
}
