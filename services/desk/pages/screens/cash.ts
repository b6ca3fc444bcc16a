/** Cash desk: unbilled charges, by visit or stay, and recent invoices. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { OfPatient } from "../parts/of-patient.ts";
import { useNews } from "../platform/live.ts";
import { Invoices } from "./cash/invoices.ts";
import { Open } from "./cash/open.ts";

export default function Cash() {
  const [turn, setTurn] = useState(0);
  const changed = () => setTurn((before) => before + 1);
  const { everyMs } = useNews("types=ChargeItem,Encounter,Invoice,PaymentReconciliation", changed);
  const [patient, setPatient] = useState<Patient | undefined>();
  const parts = { turn, everyMs, patient, onChange: changed };
  return html`<${OfPatient} id="cash-patient" patient=${patient} onChoose=${setPatient} /><div class="columns"><${Open} ...${parts} /><${Invoices} ...${parts} /></div>`;
}
