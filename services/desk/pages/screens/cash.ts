/** Cash desk: unbilled charges, by visit or stay, and recent invoices. */
import { useState } from "preact/hooks";
import { html } from "../html.ts";
import { useNews } from "../platform/live.ts";
import { Invoices } from "./cash/invoices.ts";
import { Open } from "./cash/open.ts";

export default function Cash() {
  const [turn, setTurn] = useState(0);
  const changed = () => setTurn((before) => before + 1);
  const { everyMs } = useNews("types=ChargeItem,Encounter,Invoice,PaymentReconciliation", changed);
  const parts = { turn, everyMs, onChange: changed };
  return html`<div class="columns"><${Open} ...${parts} /><${Invoices} ...${parts} /></div>`;
}
