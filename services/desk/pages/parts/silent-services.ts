/** Names the services that do not answer, and what is not known because of that; on every page, until they answer again. */
import { html } from "../html.ts";
import { knownBy, serviceText } from "../platform/errors.ts";
import { silent } from "../platform/silent.ts";
import { t } from "../platform/texts.ts";

/** "Laboratory (orders, results, reports)" */
function named(service: string): string {
  const knows = knownBy(service);
  return knows === undefined ? serviceText(service) : t("silent.one", { who: serviceText(service), knows });
}

/** See the head of this file. */
export function SilentServices() {
  const all = silent.value;
  return html`<div role="status" class="silent">${
    all.length > 0 &&
    html`<p class="not-known"><span aria-hidden="true">?</span> ${t("silent.all", { who: all.map(named).join(" · ") })}</p>`
  }</div>`;
}
