/** Recent dispenses, and returns. */
import { useState } from "preact/hooks";
import type { MedicationDispense, Patient, SupplyDelivery } from "../../../../../fhir/r4.ts";
import type { pharmacy as pharmacyContract } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { For } from "../../parts/for.ts";
import { type Joined, searchWithPatients, type WithPatient } from "../../parts/joined.ts";
import { useMore } from "../../parts/more.ts";
import { NumberField } from "../../parts/number-field.ts";
import { say } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, read, update } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { medicationText, searchNaming } from "../../platform/medications.ts";
import { nameOf } from "../../platform/names.ts";
import { joined, t } from "../../platform/texts.ts";
import { useKept } from "../../platform/drafts.ts";
import { countText } from "../../platform/shown-values.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");
type Given = WithPatient<MedicationDispense>;

interface HandedOutProps {
  /** Changes when something was dispensed. */
  turn: number;
  /** To whom; undefined: to anybody. */
  patient: Patient | undefined;
  onChange: () => void;
}

export function HandedOut({ turn, patient, onChange }: HandedOutProps) {
  const more = useMore(10);
  const to: Record<string, string> = patient ? { subject: `Patient/${patient.id}` } : {};
  const query = { ...to, status: "completed", _sort: "-whenhandedover", _count: `${more.count}` };
  const given = useLoad(`handed out ${patient?.id ?? ""}`, () =>
    searchWithPatients<MedicationDispense>("MedicationDispense", query, "subject", searchNaming),
  );
  useTurn(given, turn);
  useTurn(given, more.count);
  const [open, setOpen] = useState<Given | undefined>();
  const row = (
    one: Given,
  ) => html`<li key=${one.of.id}><span><bdi>${medicationText(one.of)}</bdi> <bdi class="nowrap">× ${countText(one.of.quantity ?? {})}</bdi><br />
      <span class="muted">${one.patient && html`<${PersonLine} patient=${one.patient} />`} <span class="nowrap">${momentOf(one.of.whenHandedOver)}</span></span></span>
    <button type="button" class="quiet" onClick=${() => setOpen(one)}>${t("return")}<${For} who=${`${medicationText(one.of)}, ${nameOf(one.patient)}`} /></button></li>`;
  const show = ({ all, isPartial }: Joined<MedicationDispense>) => html`<${Partial} isPartial=${isPartial} />
    ${all.length === 0 && !isPartial && html`<p class="muted">${t("dispensary.nothingHandedOut")}</p>`}<ul class="list">${all.map(row)}</ul>${more.below(all.length)}`;
  const close = () => setOpen(undefined);
  return html`<${Panel} title=${t("dispensary.handedOut")} loaded=${given} show=${show} />
    ${open && html`<${TakeBack} of=${open} onClose=${close} onDone=${onChange} />`}`;
}

function TakeBack({ of: { of }, onClose, onDone }: { of: Given; onClose: () => void; onDone: () => void }) {
  const kept = `return ${of.id}`;
  const [quantity, setQuantity] = useKept(kept, "quantity");
  const [reason, setReason] = useKept(kept, "reason");
  const send = async () => {
    const came = await pharmacy.return({ dispense: `MedicationDispense/${of.id}`, quantity: Number(quantity), ...(reason && { reason }) });
    // Undoing a return: the delivery was a mistake, so lot and place have their previous stock, and the patient has the medication.
    say(t("returned"), async () => {
      await update<SupplyDelivery>({ ...(await read<SupplyDelivery>(came.delivery)), status: "entered-in-error" });
      onDone();
    });
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${joined(t("return"), medicationText(of))} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("return")} onCancel=${onClose} fieldOf=${{ MORE_THAN_DISPENSED: "quantity" }}>
      ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
        <${NumberField} label=${t("quantity")} name="return-quantity" min="1" value=${quantity} onValue=${setQuantity} required autofocus fault=${faultOf("quantity")} />
        <${Field} label=${t("reason")} name="return-reason" value=${reason} onValue=${setReason} />
      </div>`}
    <//>
  <//>`;
}
