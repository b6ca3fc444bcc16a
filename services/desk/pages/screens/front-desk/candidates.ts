/** Records that may be of the person being registered, the most probable first. */
import type { Patient } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { For } from "../../parts/for.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { nameOf } from "../../platform/names.ts";
import { t } from "../../platform/texts.ts";
import type { GradedPatient } from "../../../../patients/patients.contract.ts";

/** A candidate with its record. */
export interface Candidate extends GradedPatient {
  record: Patient | undefined;
}

const CLASS: Record<string, string> = { certain: "tag bad", probable: "tag warn" };

const HEADING = "candidates";
const shownOf = (candidates: Candidate[]) => candidates.flatMap(({ record, ...one }) => (record ? [{ ...one, record }] : []));

/** Goes from the end of the form to the candidates below it, where these are out of sight. Its place is kept while there are none: no button moves. */
export function CandidatesLink({ candidates }: { candidates: Candidate[] }) {
  const n = shownOf(candidates).length;
  const jump = () => {
    const heading = document.getElementById(HEADING);
    heading?.focus({ preventScroll: true });
    heading?.scrollIntoView({ block: "start" });
  };
  return html`<p class="candidates-link">${n > 0 && html`<button type="button" onClick=${jump}>${t("candidates.look", { n })}</button>`}</p>`;
}

export function Candidates({ candidates, onPick }: { candidates: Candidate[]; onPick: (patient: Patient) => void }) {
  const shown = shownOf(candidates);
  return html`<div aria-live="polite" class="stack">
    ${shown.length > 0 && html`<h3 id=${HEADING} tabindex="-1">${t("candidates", { n: shown.length })}</h3>`}
    <ul class="list">${shown.map(
      ({ patient, grade, record }) => html`<li key=${patient}>
        <span><${PersonLine} patient=${record} /> <span class=${CLASS[grade] ?? "tag"}>${t(`grade.${grade as "certain" | "probable" | "possible"}`)}</span></span>
        <button type="button" onClick=${() => onPick(record)} >${t("candidates.is")}<${For} who=${nameOf(record)} /></button>
      </li>`,
    )}</ul>
  </div>`;
}
