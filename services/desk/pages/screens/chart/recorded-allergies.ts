/** Recorded allergies, including resolved ones: marked as entered in error, changed in severity, reactivated. Each can be undone at once. */
import type { AllergyIntolerance, CodeableConcept } from "../../../../../fhir/r4.ts";
import { useRef } from "preact/hooks";
import { html } from "../../html.ts";
import { For } from "../../parts/for.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { update } from "../../platform/api.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { takeBack } from "../../platform/taken-back.ts";
import { t, tIfAny, type TextKey } from "../../platform/texts.ts";

const CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
const concept = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });
const statusOf = ({ clinicalStatus }: AllergyIntolerance): string => clinicalStatus?.coding?.[0]?.code ?? "active";

/** Whether it was entered in error. */
const isError = ({ verificationStatus }: AllergyIntolerance): boolean => verificationStatus?.coding?.[0]?.code === "entered-in-error";

/** Whether it is active; also if no status is given. */
export const isActive = (one: AllergyIntolerance): boolean => statusOf(one) === "active" && !isError(one);

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
      say(t("allergy.changed", { what: conceptOf(before.code) }), () => takeBack(before, now).then(onDone));
    } catch (error) {
      sayFault(error);
    }
    onDone();
  };
  const button = (one: AllergyIntolerance, key: TextKey, change: (one: AllergyIntolerance) => AllergyIntolerance) => {
    const press = () => {
      queue.current = queue.current.then(() => storeNext(one, change));
    };
    return html`<button type="button" class="quiet" onClick=${press}>${t(key)}<${For} who=${conceptOf(one.code)} /></button>`;
  };
  const row = (one: AllergyIntolerance) => {
    const isSevere = one.criticality === "high";
    return html`<li key=${one.id}><span><bdi>${conceptOf(one.code)}</bdi> ${isSevere && html`<span class="tag bad">${t("allergies.severe")}</span> `}${!isActive(one) && html`<span class="tag">${tIfAny(`condition.${statusOf(one)}`) ?? statusOf(one)}</span>`}</span>
      <span class="buttons">${
        isActive(one)
          ? html`${button(one, isSevere ? "allergy.notSevere" : "allergy.severe", (now) => ({ ...now, criticality: isSevere ? "low" : "high" }))}
            ${button(one, "allergy.over", (now) => ({ ...now, clinicalStatus: concept(CLINICAL, "inactive") }))}`
          : button(one, "problem.activate", (now) => ({ ...now, clinicalStatus: concept(CLINICAL, "active") }))
      }${button(one, "listed.error", enteredInError)}</span></li>`;
  };
  const shown = all.filter((one) => !isError(one)).sort((a, b) => Number(isActive(b)) - Number(isActive(a)));
  if (shown.length === 0) return null;
  return html`<h3>${t("allergy.recorded")}</h3><ul class="list">${shown.map(row)}</ul>`;
}
