/** One patient's record, over all services. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { NotKnown } from "../parts/panel.ts";
import { PatientSearch } from "../parts/patient-search.ts";
import { read } from "../platform/api.ts";
import { useNews } from "../platform/live.ts";
import { useLoad } from "../platform/load.ts";
import { go } from "../platform/router.ts";
import { t } from "../platform/texts.ts";
import { Critical } from "./bench/critical.ts";
import { Banner } from "./chart/banner.ts";
import { Encounters } from "./chart/encounters.ts";
import { HomeMedication } from "./chart/home-medication.ts";
import { Notes } from "./chart/notes.ts";
import { Orders } from "./chart/orders.ts";
import { Prescriptions } from "./chart/prescriptions.ts";
import { Problems } from "./chart/problems.ts";
import { Results } from "./chart/results.ts";
import { reloadParts, useParts } from "./chart/sources.ts";
import { Timeline } from "./chart/timeline.ts";

/** @param argument the patient's id */
export default function Chart({ argument }: { argument?: string }) {
  if (argument === undefined) {
    return html`<${PatientSearch} id="chart-search" label=${t("search")} onPick=${({ id }: Patient) => go("chart", id)} />`;
  }
  return html`<${Record} reference=${`Patient/${argument}`} />`;
}

function Record({ reference }: { reference: string }) {
  const live = useNews(`patient=${reference}`, (news) => {
    reloadParts(parts, news);
    if (news.isAll || news.types.has("Patient")) patient.reload();
    if (news.isAll || news.types.has("Observation")) setTurn((before) => before + 1);
  });
  const patient = useLoad(reference, () => read<Patient>(reference), live.everyMs);
  const parts = useParts(reference, live.everyMs);
  const [turn, setTurn] = useState(0); // changes with new results
  const given = { patient: reference };
  return html`<${NotKnown} loaded=${patient} />
    ${patient.value && html`<${Banner} patient=${patient.value} parts=${parts} others=${live.others} reload=${patient.reload} />`}
    <${Critical} patient=${reference} turn=${turn} everyMs=${live.everyMs} />
    <div class="columns chart">
      <div class="stack">
        <${Problems} loaded=${parts.problems} ...${given} />
        <${Prescriptions} loaded=${parts.prescriptions} ...${given} />
        <${HomeMedication} parts=${parts} ...${given} />
        <${Orders} loaded=${parts.orders} ...${given} />
      </div>
      <div class="stack">
        <${Results} loaded=${parts.results} />
        <${Notes} loaded=${parts.notes} ...${given} />
        <${Encounters} loaded=${parts.encounters} patient=${patient.value} parts=${parts} />
        <${Timeline} parts=${parts} />
      </div>
    </div>`;
}
