/** Names the services that do not answer, and what is unknown because of that; on every page, until they answer again. */
import { html } from "../html.ts";
import { knownBy, serviceText } from "../platform/errors.ts";
import { GATEWAY, silent } from "../platform/silent.ts";
import { joined, t } from "../platform/texts.ts";

/** "Laboratory (orders, results, reports)" */
function named(service: string): string {
  const knows = knownBy(service);
  return knows === undefined ? serviceText(service) : `${serviceText(service)} (${knows})`;
}

export function SilentServices() {
  const all = silent.value;
  const text = () => (all.includes(GATEWAY) ? t("silent.server") : t("silent.all", { who: joined(...all.map(named)) }));
  return html`<div role="status" class="silent">${
    all.length > 0 && html`<p class="not-known"><span aria-hidden="true">?</span> ${text()}</p>`
  }</div>`;
}
