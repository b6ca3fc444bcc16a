/** Reports in words or as a file, as radiology and pathology write them. The values of laboratory reports stand among the results. */
import type { DiagnosticReport } from "../../../../../fhir/r4.ts";
import { isMistake } from "../../../../../fhir/clinical-status.ts";
import { html } from "../../html.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import type { Found } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import type { Loaded } from "../../platform/load.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { t } from "../../platform/texts.ts";
import { SaveFile } from "./documents.ts";

/** Whether it says something that its results do not. */
export const isReport = (one: DiagnosticReport): boolean =>
  !isMistake(one) && one.status !== "cancelled" && (one.conclusion !== undefined || (one.presentedForm ?? []).length > 0);

/** When the examination was, else when the report was issued. */
export const reportedAt = ({ effectiveDateTime, effectivePeriod, issued }: DiagnosticReport): string | undefined =>
  effectiveDateTime ?? effectivePeriod?.start ?? issued;

/** Nothing for a patient without such reports. */
export function Reports({ loaded }: { loaded: Loaded<Found<DiagnosticReport>> }) {
  if (!loaded.value?.resources.some(isReport)) return null;
  const row = (one: DiagnosticReport) => html`<article key=${one.id} class="note"><p><strong><bdi>${conceptOf(one.code)}</bdi></strong></p>
    ${one.conclusion && html`<p class="note-text" dir="auto">${one.conclusion}</p>`}
    <p class="muted">${momentOf(reportedAt(one))} ${one.status === "preliminary" && html`<span class="tag">${t("result.preliminary")}</span> `}
    ${one.presentedForm?.map((form) => html`<${SaveFile} key=${form.title} of=${form} name=${conceptOf(one.code)} />`)}</p></article>`;
  const show = ({ resources, isPartial, hasMore }: Found<DiagnosticReport>) => html`<${Partial} isPartial=${isPartial} hasMore=${hasMore} />
    ${resources.filter(isReport).map(row)}`;
  return html`<${Panel} title=${t("reports")} loaded=${loaded} show=${show} id="part-reports" />`;
}
