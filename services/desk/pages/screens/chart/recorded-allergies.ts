/** Recorded allergies, including resolved ones: marked as entered in error, changed in severity, reactivated. Each can be undone at once. */
import type { AllergyIntolerance, CodeableConcept } from "../../../../../fhir/r4.ts";
import { useRef } from "preact/hooks";
import { isCurrent, isMistake, isRefuted, isSevere, saysNoneKnown } from "../../../../../fhir/clinical-status.ts";
import { html } from "../../html.ts";
import { For } from "../../parts/for.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { update } from "../../platform/api.ts";
import { takeBack } from "../../platform/taken-back.ts";
import { t, type TextKey } from "../../platform/texts.ts";
import { allergyName } from "./allergies.ts";
import { statusText } from "./status-text.ts";

const CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
const concept = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });

/** It is one after all. */
const activated = (one: AllergyIntolerance): AllergyIntolerance => ({
  ...one,
  clinicalStatus: concept(CLINICAL, "active"),
  ...(isRefuted(one) && { verificationStatus: concept(VERIFICATION, "confirmed") }),
});

/** It was entered in error: without a clinical status (R4, ait-2). */
export function enteredInError({ clinicalStatus: _, ...one }: AllergyIntolerance): AllergyIntolerance {
  return { ...one, verificationStatus: concept(VERIFICATION, "entered-in-error") };
}

interface RecordedProps {
  all: AllergyIntolerance[];
  onDone: () => void;
}

export function RecordedAllergies({ all, onDone }: RecordedProps) {
  /** The versions last stored here, which the list may not show yet: the next click is based on them. */
  const stored = useRef(new Map<string | undefined, AllergyIntolerance>());
  const queue = useRef(Promise.resolve());
  const storeNext = async (shown: AllergyIntolerance, change: (one: AllergyIntolerance) => AllergyIntolerance) => {
    const own = stored.current.get(shown.id);
    const before = own && Number(own.meta?.versionId) > Number(shown.meta?.versionId) ? own : shown;
    try {
      const now = await update(change(before));
      stored.current.set(shown.id, now);
      say(t("allergy.changed", { what: allergyName(before) }), () => takeBack(before, now).then(onDone));
    } catch (error) {
      sayFault(error);
    }
    onDone();
  };
  const button = (one: AllergyIntolerance, key: TextKey, change: (one: AllergyIntolerance) => AllergyIntolerance) => {
    const press = () => {
      queue.current = queue.current.then(() => storeNext(one, change));
    };
    return html`<button type="button" class="quiet" onClick=${press}>${t(key)}<${For} who=${allergyName(one)} /></button>`;
  };
  const row = (one: AllergyIntolerance) => {
    const isHigh = one.criticality === "high";
    return html`<li key=${one.id}><span><bdi>${allergyName(one)}</bdi> ${isSevere(one) && html`<span class="tag bad">${t("allergies.severe")}</span> `}${!isCurrent(one) && html`<span class="tag">${statusText(one)}</span>`}</span>
      <span class="buttons">${
        isCurrent(one)
          ? html`${!saysNoneKnown(one) && button(one, isHigh ? "allergy.notSevere" : "allergy.severe", (now) => ({ ...now, criticality: isHigh ? "low" : "high" }))}
            ${button(one, "allergy.over", (now) => ({ ...now, clinicalStatus: concept(CLINICAL, "inactive") }))}`
          : button(one, "problem.activate", activated)
      }${button(one, "listed.error", enteredInError)}</span></li>`;
  };
  const shown = all.filter((one) => !isMistake(one)).sort((a, b) => Number(isCurrent(b)) - Number(isCurrent(a)));
  if (shown.length === 0) return null;
  return html`<h3>${t("allergy.recorded")}</h3><ul class="list">${shown.map(row)}</ul>`;
}
