/** Hands a prescribed medication out: whom for, allergies, how much is left to give and on the shelf. */
import { useState } from "preact/hooks";
import type { AllergyIntolerance, MedicationDispense, MedicationRequest } from "../../../../../fhir/r4.ts";
import type { pharmacy as pharmacyContract } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import type { WithPatient } from "../../parts/joined.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, search } from "../../platform/api.ts";
import { useLoad } from "../../platform/load.ts";
import { conceptOf, nameOf, numberIn } from "../../platform/names.ts";
import { t } from "../../platform/texts.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");

interface DispenseProps {
  request: WithPatient<MedicationRequest>;
  onClose: () => void;
  onDone: () => void;
  onUndone: () => void;
}

/** What is known before a medication is handed out. */
async function facts({ id, subject, medicationCodeableConcept, dispenseRequest }: MedicationRequest) {
  const { system, code } = medicationCodeableConcept?.coding?.[0] ?? {};
  const [dispensed, stock, allergies] = await Promise.all([
    search<MedicationDispense>("MedicationDispense", { prescription: `MedicationRequest/${id}`, _count: "100" }),
    pharmacy.listStock({ medication: `${system}|${code}` }),
    search<AllergyIntolerance>("AllergyIntolerance", { patient: subject.reference ?? "", _count: "50" }),
  ]);
  const given = dispensed.resources
    .filter(({ status }) => status === "completed")
    .reduce((sum, { quantity }) => sum + (quantity?.value ?? 0), 0);
  return {
    rest: Math.max(0, (dispenseRequest?.quantity?.value ?? 0) - given),
    onShelf: stock[0]?.quantity ?? 0,
    allergies: allergies.resources.map((one) => conceptOf(one.code)),
  };
}

/** See the head of this file. */
export function Dispense({ request: { of, patient }, onClose, onDone, onUndone }: DispenseProps) {
  const known = useLoad(`dispense ${of.id}`, () => facts(of));
  const [typed, setQuantity] = useState<string | undefined>();
  const quantity = typed ?? `${known.value?.rest ?? ""}`;
  const send = async () => {
    const { dispense } = await pharmacy.dispense({ prescription: `MedicationRequest/${of.id}`, quantity: Number(quantity) });
    say(t("dispensed", { name: nameOf(patient) }), () => pharmacy.void({ dispense, reason: t("undo.reason") }).then(onUndone));
    onDone();
  };
  return html`<${Dialog} title=${conceptOf(of.medicationCodeableConcept)} onClose=${onClose}>
    <div class="stack">
      <p>${patient && html`<${PersonLine} patient=${patient} />`}</p>
      <${NotKnown} loaded=${known} />
      ${known.value && known.value.allergies.length > 0 && html`<p class="alert">⚠ ${t("allergies")}: ${known.value.allergies.join(", ")}</p>`}
      <p><bdi>${of.dosageInstruction?.[0]?.text}</bdi></p>
      ${known.value && html`<p class="muted">${t("dispense.facts", { rest: numberIn(known.value.rest), shelf: numberIn(known.value.onShelf) })}</p>`}
      <${Form} send=${send} submit=${t("dispense")} onCancel=${onClose} fieldOf=${{ OUT_OF_STOCK: "quantity", MORE_THAN_PRESCRIBED: "quantity" }}>
        ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("quantity")} name="dispense-quantity" type="number" min="1" value=${quantity} onValue=${setQuantity} required autofocus fault=${faultOf("quantity")} />`}
      <//>
    </div>
  <//>`;
}
