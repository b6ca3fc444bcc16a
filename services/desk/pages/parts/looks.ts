/** Accesses to records, in sentences of the ledger. */
import type { LedgerLanguage, Looks } from "../../../ledger/ledger.contract.ts";
import { html } from "../html.ts";
import { momentOf } from "../platform/clock.ts";
import { language, t } from "../platform/texts.ts";

/** The language for the ledger. */
export const spoken = (): LedgerLanguage => language.value;

export function LookList({ looks }: { looks: Looks }) {
  return html`${looks.looks.length === 0 && html`<p class="muted">${t("none")}</p>`}
    <ul class="list">${looks.looks.map(
      (one) =>
        html`<li key=${one.event}><span>${one.says}</span> <span>${!one.isDone && html`<span class="tag warn">${t("looks.refused")}</span>`} <time class="muted">${momentOf(one.at)}</time></span></li>`,
    )}</ul>`;
}
