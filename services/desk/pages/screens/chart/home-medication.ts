/**
 * What the patient takes at home, besides the hospital's prescriptions. During a stay the physician decides on each, in one step: it is continued as a
 * prescription, or paused during the stay. Undecided ones are counted.
 */
import { useState } from "preact/hooks";
import { isOpen } from "../../../../../fhir/open-encounters.ts";
import type { Encounter, MedicationRequest, MedicationStatement } from "../../../../../fhir/r4.ts";
import { isMistake } from "../../../../../fhir/clinical-status.ts";
import { html } from "../../html.ts";
import { For } from "../../parts/for.ts";
import { later } from "../../parts/later.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { type Found, update } from "../../platform/api.ts";
import { dateOf } from "../../platform/clock.ts";
import type { Loaded } from "../../platform/load.ts";
import { medicationText } from "../../platform/medications.ts";
import { offers } from "../../platform/menu.ts";
import { takeBack } from "../../platform/taken-back.ts";
import { t, tIfAny, type TextKey } from "../../platform/texts.ts";
import { dosageWords } from "../../platform/dosage-words.ts";
import { continuedBy, isCurrent, onHold, sinceOf, taken } from "./home-medication-status.ts";
import type { Parts } from "./sources.ts";

const NoteHomeMedication = later("taken.note", () => import("./note-home-medication.ts").then((it) => it.NoteHomeMedication));
const ChangeHomeMedication = later("taken", () => import("./change-home-medication.ts").then((it) => it.ChangeHomeMedication));
const Prescribe = later("prescribe", () => import("./prescribe.ts").then((it) => it.Prescribe));

interface Opened {
  as: "new" | "change" | "continue";
  of?: MedicationStatement;
}

interface HomeMedicationProps {
  parts: Parts;
  patient: string;
}

/** The decision in the current stay; undefined: none yet. What was continued and then stopped can be decided again. */
function decisionOf(one: MedicationStatement, prescriptions: Loaded<Found<MedicationRequest>>, stay: Encounter): TextKey | undefined {
  if (one.status === "on-hold") return "taken.status.on-hold";
  const all = prescriptions.value ? continuedBy(one, prescriptions.value.resources, stay) : [];
  if (all.length === 0) return undefined;
  return all.some(({ status }) => status !== "stopped") ? "taken.continued" : "taken.stoppedHere";
}

export function HomeMedication({ parts, patient }: HomeMedicationProps) {
  const [open, setOpen] = useState<Opened | undefined>();
  const { taken: loaded, prescriptions, encounters } = parts;
  const stay = encounters.value?.resources.find((one) => one.class?.code === "IMP" && isOpen(one));
  const reload = () => {
    loaded.reload();
    prescriptions.reload();
  };
  const store = async (before: MedicationStatement, changed: MedicationStatement, said: TextKey) => {
    try {
      const stored = await update(changed);
      say(t(said, { what: whatOf(before) }), () => takeBack(before, stored).then(reload));
    } catch (error) {
      sayFault(error);
    }
    reload();
  };
  const mayWrite = offers("MedicationStatement");
  const row = (one: MedicationStatement) => {
    const decision = stay && decisionOf(one, prescriptions, stay);
    const isAsked = stay !== undefined && one.status === "active" && prescriptions.value !== undefined;
    const isOpen = isAsked && decision === undefined;
    const isDecidable = isAsked && decision !== "taken.continued";
    const button = (key: TextKey, onClick: () => unknown) =>
      html`<button type="button" class="quiet" onClick=${onClick}>${t(key)}<${For} who=${whatOf(one)} /></button>`;
    return html`<li key=${one.id}><span><bdi>${whatOf(one)}</bdi><br /><span class="muted">${dosageWords(one.dosage) && html`<bdi>${dosageWords(one.dosage)}</bdi> `}<span class="nowrap">${dateOf(sinceOf(one))}</span></span></span>
      <span class="buttons"><span class=${isOpen ? "tag warn" : decision === "taken.continued" ? "tag good" : "tag"}>${isOpen ? t("taken.undecided") : decision ? t(decision) : (tIfAny(`taken.status.${one.status}`) ?? one.status)}</span>
      ${isDecidable && offers("pharmacy.prescribe") && html`${button("taken.continue", () => setOpen({ as: "continue", of: one }))} ${button("taken.hold", () => store(one, onHold(one), "taken.isHeld"))}`}
      ${mayWrite && one.status !== "active" && button("taken.again", () => store(one, taken(one), "taken.isTaken"))}
      ${mayWrite && button("change", () => setOpen({ as: "change", of: one }))}</span></li>`;
  };
  const show = ({ resources, isPartial, hasMore }: Found<MedicationStatement>) => {
    const shown = resources.filter((one) => !isMistake(one)).sort((a, b) => Number(isCurrent(b)) - Number(isCurrent(a)));
    const undecided =
      stay && prescriptions.value ? shown.filter((one) => one.status === "active" && !decisionOf(one, prescriptions, stay)).length : 0;
    return html`<${Partial} isPartial=${isPartial} hasMore=${hasMore} />
      ${shown.length === 0 && !isPartial && html`<p class="muted">${t("taken.none")}</p>`}
      <p class=${undecided > 0 ? "hint" : "visually-hidden"} role="status">${undecided > 0 && t("taken.count", { n: undecided })}</p>
      <ul class="list">${shown.map(row)}</ul>`;
  };
  const close = () => setOpen(undefined);
  const actions = mayWrite && html`<button type="button" onClick=${() => setOpen({ as: "new" })}>${t("taken.note")}</button>`;
  return html`<${Panel} title=${t("taken")} loaded=${loaded} show=${show} actions=${actions} id="part-taken" />
    ${open?.as === "new" && html`<${NoteHomeMedication} patient=${patient} onClose=${close} onDone=${reload} />`}
    ${open?.as === "change" && html`<${ChangeHomeMedication} of=${open.of} onClose=${close} onDone=${reload} />`}
    ${open?.as === "continue" && html`<${Prescribe} patient=${patient} allergies=${parts.allergies} prescribed=${parts.prescriptions} continues=${open.of} onClose=${close} onDone=${reload} />`}`;
}

const whatOf = (one: MedicationStatement): string => medicationText(one);
