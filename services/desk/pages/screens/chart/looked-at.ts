/** Who has accessed this record. Loaded only on request, as the request is recorded too. */
import { useState } from "preact/hooks";
import type { ledger as ledgerContract, Looks } from "../../../../ledger/ledger.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { LookList, spoken } from "../../parts/looks.ts";
import { Panel } from "../../parts/panel.ts";
import { actionsOf } from "../../platform/api.ts";
import { useLoad } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { t } from "../../platform/texts.ts";

const ledger = actionsOf<typeof ledgerContract>("ledger");

/** @param patient "Patient/…" */
export function LookedAt({ patient }: { patient: string }) {
  const [isOpen, setOpen] = useState(false);
  if (!offers("ledger.looksAt")) return null;
  return html`<button type="button" class="quiet" onClick=${() => setOpen(true)}>${t("looks")}</button>
    ${isOpen && html`<${Dialog} title=${t("looks")} onClose=${() => setOpen(false)}><${All} patient=${patient} /><//>`}`;
}

function All({ patient }: { patient: string }) {
  const looks = useLoad(`looks ${patient}`, () => ledger.looksAt({ patient, language: spoken() }));
  return html`<${Panel} title=${t("looks.latest")} loaded=${looks} show=${(value: Looks) => html`<${LookList} looks=${value} />`} />`;
}
