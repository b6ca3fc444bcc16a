/** The hospital's prescriptions. */
import { useContext, useState } from "preact/hooks";
import type { AllergyIntolerance, MedicationRequest } from "../../../../../fhir/r4.ts";
import { currentAllergies } from "../../../../../fhir/clinical-status.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { For } from "../../parts/for.ts";
import { later } from "../../parts/later.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { Whose } from "../../parts/whose.ts";
import type { Found } from "../../platform/api.ts";
import { dateOf } from "../../platform/clock.ts";
import { dosageWords } from "../../platform/dosage-words.ts";
import type { Loaded } from "../../platform/load.ts";
import { medicationText } from "../../platform/medications.ts";
import { offers } from "../../platform/menu.ts";
import { t, tIfAny } from "../../platform/texts.ts";
import { doseOf, isUnscheduled } from "../round/unscheduled.ts";
import { allergyText } from "./allergies.ts";

const Prescribe = later("prescribe", () => import("./prescribe.ts").then((it) => it.Prescribe));
const NotedDoses = later("round.noted", () => import("../round/noted-doses.ts").then((it) => it.NotedDoses));
const DoseDialog = later("round.noteDose", () => import("../round/dose.ts").then((it) => it.DoseDialog));
const PrescriptionSheet = later("prescription.sheet", () => import("./prescription-sheet.ts").then((it) => it.PrescriptionSheet));
const StopPrescription = later("prescription.stop", () => import("./stop-prescription.ts").then((it) => it.StopPrescription));

interface PrescriptionsProps {
  loaded: Loaded<Found<MedicationRequest>>;
  /** Shown where one prescribes. */
  allergies: Loaded<Found<AllergyIntolerance>>;
  patient: string;
  /** Whether the patient is in the hospital, or that is not known: doses are given to those who are. */
  isHere: boolean;
}

export function Prescriptions({ loaded, allergies, patient, isHere }: PrescriptionsProps) {
  const [open, setOpen] = useState<"new" | "doses" | "sheet" | undefined>();
  const [stopped, setStopped] = useState<MedicationRequest | undefined>();
  const [again, setAgain] = useState<MedicationRequest | undefined>();
  const [given, setGiven] = useState<MedicationRequest | undefined>();
  const whose = useContext(Whose);
  const show = ({
    resources,
    isPartial,
    hasMore,
  }: Found<MedicationRequest>) => html`<${Partial} isPartial=${isPartial} hasMore=${hasMore} />
    ${resources.length === 0 && !isPartial && html`<p class="muted">${t("prescriptions.none")}</p>`}
    <ul class="list">${resources.map(
      (
        one,
      ) => html`<li key=${one.id}><span><bdi>${medicationText(one)}</bdi><br /><span class="muted"><${Dotted} of=${[dosageWords(one.dosageInstruction), html`<span class="nowrap">${dateOf(one.authoredOn)}</span>`, one.requester?.display]} /></span></span>
        <span class="buttons"><span class=${one.status === "active" ? "tag good" : "tag"}>${tIfAny(`prescription.${one.status}`) ?? one.status}</span>
        ${one.status === "active" && isHere && isUnscheduled(one) && offers("pharmacy.administer") && html`<button type="button" class="quiet" onClick=${() => setGiven(one)}>${t("round.noteDose")}<${For} who=${medicationText(one)} /></button>`}
        ${one.status === "active" && offers("pharmacy.prescribe") && html`<button type="button" class="quiet" onClick=${() => setStopped(one)}>${t("prescription.stop")}<${For} who=${medicationText(one)} /></button>`}
        ${["completed", "stopped", "cancelled"].includes(one.status) && offers("pharmacy.prescribe") && html`<button type="button" class="quiet" onClick=${() => setAgain(one)}>${t("prescribe.again")}<${For} who=${medicationText(one)} /></button>`}</span></li>`,
    )}</ul>`;
  const active = loaded.value?.resources.filter(({ status }) => status === "active") ?? [];
  const actions = html`${active.length > 0 && html`<button type="button" class="quiet" onClick=${() => setOpen("sheet")}>${t("print")}<${For} who=${t("prescription.sheet")} /></button>`}
    <button type="button" class="quiet" onClick=${() => setOpen("doses")}>${t("round.noted")}</button>
    ${offers("pharmacy.prescribe") && html`<button type="button" onClick=${() => setOpen("new")}>${t("prescribe")}</button>`}`;
  const close = () => setOpen(undefined);
  return html`<${Panel} title=${t("medication")} loaded=${loaded} show=${show} actions=${actions} id="part-medication" />
    ${open === "doses" && html`<${NotedDoses} patients=${[patient]} isOfOne onClose=${close} onDone=${loaded.reload} />`}
    ${open === "sheet" && html`<${PrescriptionSheet} prescriptions=${active} onClose=${close} />`}
    ${open === "new" && html`<${Prescribe} patient=${patient} allergies=${allergies} prescribed=${loaded} onClose=${close} onDone=${loaded.reload} />`}
    ${again && html`<${Prescribe} patient=${patient} allergies=${allergies} prescribed=${loaded} again=${again} onClose=${() => setAgain(undefined)} onDone=${loaded.reload} />`}
    ${given && html`<${DoseDialog} dose=${doseOf(given)} patient=${whose} allergies=${currentAllergies(allergies.value?.resources ?? []).map(allergyText)} isNamed onClose=${() => setGiven(undefined)} onDone=${loaded.reload} />`}
    ${stopped && html`<${StopPrescription} of=${stopped} onClose=${() => setStopped(undefined)} onDone=${loaded.reload} />`}`;
}
