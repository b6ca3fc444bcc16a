/** Recorded doses, the latest first: given or not, when, and by whom. A dose that was recorded in error is taken back with a reason, and is due again. */
import { useState } from "preact/hooks";
import type { MedicationAdministration, Patient, Practitioner } from "../../../../../fhir/r4.ts";
import { DoseOutcome } from "../../../../pharmacy/doses.contract.ts";
import type { pharmacy as pharmacyContract } from "../../../../pharmacy/pharmacy.contract.ts";
import { isMistake } from "../../../../../fhir/clinical-status.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { For } from "../../parts/for.ts";
import { Form } from "../../parts/form.ts";
import { useMore } from "../../parts/more.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown, Partial } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, type Found } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { useKept } from "../../platform/drafts.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { medicationText, searchNaming } from "../../platform/medications.ts";
import { offers } from "../../platform/menu.ts";
import { nameOf } from "../../platform/names.ts";
import { quantityOf } from "../../platform/shown-values.ts";
import { joined, listed, t } from "../../platform/texts.ts";
import { outcomeOf } from "./dose-outcome.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");

/** Number shown at first, and added each time. */
const STEP = 50;

type Noted = Found<MedicationAdministration>;

const readNoted = (patients: readonly string[], count: number): Promise<Noted> =>
  patients.length === 0
    ? Promise.resolve({ resources: [], included: [], isPartial: false, hasMore: false })
    : searchNaming<MedicationAdministration>("MedicationAdministration", [
        ["patient", patients.join(",")],
        ["_sort", "-effective-time"],
        ["_count", `${count}`],
        ["_include", "MedicationAdministration:patient"],
        ["_include", "MedicationAdministration:performer"],
      ]);

/** Why it was not given; or why it was given without the check, or in spite of a limit. */
function whyOf({ statusReason: [why] = [], note: [said] = [], extension = [] }: MedicationAdministration): string {
  const inSpiteOf = extension.find(({ url }) => url === "urn:openward:limit-reason")?.valueString;
  return joined(why?.text ?? said?.text, inSpiteOf);
}

/** Whether it was due at a time, and is so again if it is taken back. */
const wasDue = ({ extension = [] }: MedicationAdministration): boolean => extension.some(({ url }) => url === "urn:openward:dose-due");

interface NotedProps {
  /** The patients, "Patient/…". */
  patients: readonly string[];
  /** Only one patient's doses are shown, without the name. */
  isOfOne?: boolean;
  onClose: () => void;
  /** Called when doses are due again. */
  onDone: () => void;
}

export function NotedDoses({ patients, isOfOne = false, onClose, onDone }: NotedProps) {
  const more = useMore(STEP);
  const known = useLoad(`noted ${patients.join()}`, () => readNoted(patients, more.count));
  useTurn(known, more.count);
  const [open, setOpen] = useState<MedicationAdministration | undefined>();
  const row = (one: MedicationAdministration, { included }: Noted) => {
    const of = (reference: string | undefined) => included.find((it) => `${it.resourceType}/${it.id}` === reference);
    const patient = of(one.subject.reference) as Patient | undefined;
    const by = of(one.performer?.[0]?.actor.reference) as Practitioner | undefined;
    const what = medicationText(one);
    const outcome = outcomeOf(one);
    const tag = isMistake(one) ? "tag" : outcome === DoseOutcome.given ? "tag good" : "tag warn";
    return html`<li key=${one.id}><span><strong><bdi>${what}</bdi></strong> ${one.dosage?.dose && quantityOf(one.dosage.dose)}
      ${!isOfOne && patient && html`<br /><${PersonLine} patient=${patient} />`}
      <br /><span class="muted"><${Dotted} of=${[html`<span class="nowrap">${momentOf(one.effectiveDateTime)}</span>`, by && nameOf(by), whyOf(one)]} /></span></span>
      <span class="buttons"><span class=${tag}>${t(isMistake(one) ? "round.takenBack" : `round.${outcome}`)}</span>
      ${!isMistake(one) && offers("pharmacy.administer") && html`<button type="button" class="quiet" onClick=${() => setOpen(one)}>${t("round.takeBack")}<${For} who=${listed([what, !isOfOne && nameOf(patient), momentOf(one.effectiveDateTime)])} /></button>`}</span></li>`;
  };
  const { value } = known;
  return html`<${Dialog} title=${t("round.noted")} onClose=${onClose}>
    <div class="stack" aria-busy=${known.isLoading}>
      <${NotKnown} loaded=${known} />
      ${
        open &&
        html`<${TakeBack} key=${open.id} of=${open} onClose=${() => setOpen(undefined)} onDone=${() => {
          known.reload();
          onDone();
        }} />`
      }
      ${value && html`<${Partial} isPartial=${value.isPartial} />${value.resources.length === 0 && !value.isPartial && html`<p class="muted">${t("round.noted.none")}</p>`}<ul class="list">${value.resources.map((one) => row(one, value))}</ul>${more.below(value.resources.length)}`}
    </div>
  <//>`;
}

function TakeBack({ of, onClose, onDone }: { of: MedicationAdministration; onClose: () => void; onDone: () => void }) {
  const kept = `noted ${of.id}`;
  const [reason, setReason] = useKept(kept, "reason");
  const send = async () => {
    await pharmacy.cancelAdministration({ administration: `MedicationAdministration/${of.id}`, reason });
    say(t(wasDue(of) ? "round.isTakenBack" : "round.isNotNoted", { what: medicationText(of) }));
    onClose();
    onDone();
  };
  const label = joined(t("round.takeBack"), medicationText(of), momentOf(of.effectiveDateTime));
  return html`<${Form} draft=${kept} send=${send} submit=${t("round.takeBack")} label=${label} onCancel=${onClose}>
    ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${joined(t("reason"), medicationText(of), momentOf(of.effectiveDateTime))} name="noted-reason" value=${reason} onValue=${setReason} required autofocus fault=${faultOf("reason")} />`}
  <//>`;
}
