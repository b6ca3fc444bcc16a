/** Cash: charges that are not billed yet, by visit or stay, and the invoices of late. */
import { useState } from "preact/hooks";
import { html } from "../html.ts";
import { Invoices } from "./cash/invoices.ts";
import { Open } from "./cash/open.ts";

/** See the head of this file. */
export default function Cash() {
  const [turn, setTurn] = useState(0);
  const changed = () => setTurn((before) => before + 1);
  return html`<div class="columns"><${Open} turn=${turn} onChange=${changed} /><${Invoices} turn=${turn} onChange=${changed} /></div>`;
}
