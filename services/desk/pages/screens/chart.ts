/** One patient's record, over all services. */
import { useEffect, useRef, useState } from "preact/hooks";
import { isOpen } from "../../../../fhir/open-encounters.ts";
import type { Patient } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { Whose } from "../parts/whose.ts";
import { NotKnown } from "../parts/panel.ts";
import { PatientSearch } from "../parts/patient-search.ts";
import { read } from "../platform/api.ts";
import { useNews } from "../platform/live.ts";
import { useLoad } from "../platform/load.ts";
import { hasReplaced, replacedBy } from "../platform/patients.ts";
import { go, hrefOf } from "../platform/router.ts";
import { t } from "../platform/texts.ts";
import { Critical } from "./bench/critical.ts";
import { Banner } from "./chart/banner.ts";
import { Encounters } from "./chart/encounters.ts";
import { HomeMedication } from "./chart/home-medication.ts";
import { Notes } from "./chart/notes.ts";
import { Orders } from "./chart/orders.ts";
import { PartsMenu } from "./chart/parts-menu.ts";
import { Prescriptions } from "./chart/prescriptions.ts";
import { Problems } from "./chart/problems.ts";
import { Reports } from "./chart/reports.ts";
import { Results } from "./chart/results.ts";
import { reloadParts, useParts } from "./chart/sources.ts";
import { Timeline } from "./chart/timeline.ts";

/** Merges that are followed from one record: with more the record itself is shown. */
const MAX_MERGES = 10;

/** The record that has replaced this one, also over several merges; undefined if none has. @throws if it cannot be read */
async function replacementFor(patient: Patient): Promise<string | undefined> {
  let last = patient;
  for (let merges = 0; merges < MAX_MERGES; merges += 1) {
    const next = replacedBy(last);
    if (next === undefined) return last === patient ? undefined : last.id;
    last = await read<Patient>(next);
  }
  return undefined;
}

/** A record that was merged leads to the one that replaced it. Only as it is opened: who is at work on it is told by the banner. */
function useReplacement(patient: Patient | undefined): void {
  const isOpened = useRef(false);
  useEffect(() => {
    if (!patient || isOpened.current) return;
    isOpened.current = true;
    replacementFor(patient).then(
      (id) => id !== undefined && location.replace(hrefOf("chart", id, MERGED)),
      () => {}, // the banner has a link to it
    );
  }, [patient]);
}

/** Part of the address of a chart that was reached by the id of a record that it has replaced. */
const MERGED = "merged";

/** @param argument the patient's id @param part whether it was reached by the id of a merged record */
export default function Chart({ argument, part }: { argument?: string; part?: string }) {
  if (argument === undefined) {
    return html`<${PatientSearch} id="chart-search" label=${t("search")} onPick=${({ id }: Patient) => go("chart", id)} />`;
  }
  return html`<${Record} reference=${`Patient/${argument}`} isReplacement=${part === MERGED} />`;
}

function Record({ reference, isReplacement }: { reference: string; isReplacement: boolean }) {
  const live = useNews(`patient=${reference}`, (news) => {
    reloadParts(parts, news);
    if (news.isAll || news.types.has("Patient")) patient.reload();
    if (news.isAll || news.types.has("Observation")) setTurn((before) => before + 1);
  });
  const patient = useLoad(reference, () => read<Patient>(reference), live.everyMs);
  useReplacement(patient.value);
  const parts = useParts(reference, live.everyMs);
  const [turn, setTurn] = useState(0); // changes with new results
  const given = { patient: reference };
  const { encounters } = parts;
  const isHere = encounters.value ? encounters.value.resources.some(isOpen) : encounters.error !== undefined;
  if (!patient.value && patient.error?.isGone) return html`<${NotKnown} loaded=${patient} />`;
  return html`<${Whose.Provider} value=${patient.value}><${NotKnown} loaded=${patient} />
    ${isReplacement && hasReplaced(patient.value) && html`<p class="not-known" role="status"><span aria-hidden="true">!</span> ${t("chart.replaces")}</p>`}
    ${
      patient.value
        ? html`<${Banner} patient=${patient.value} parts=${parts} others=${live.others} reload=${patient.reload} />`
        : html`<section class="banner" aria-label=${t("chart.banner")}>${patient.isLoading && html`<p class="muted" role="status" aria-busy="true">${t("loading")}</p>`}</section>`
    }
    <${Critical} patient=${reference} turn=${turn} everyMs=${live.everyMs} />
    <${PartsMenu} />
    <div class="columns chart">
      <div class="stack">
        <${Problems} loaded=${parts.problems} ...${given} />
        <${Prescriptions} loaded=${parts.prescriptions} allergies=${parts.allergies} isHere=${isHere} ...${given} />
        <${HomeMedication} parts=${parts} ...${given} />
        <${Orders} loaded=${parts.orders} ...${given} />
      </div>
      <div class="stack">
        <${Results} loaded=${parts.results} />
        <${Reports} loaded=${parts.reports} />
        <${Notes} loaded=${parts.notes} ...${given} />
        <${Encounters} loaded=${parts.encounters} patient=${patient.value} parts=${parts} />
        <${Timeline} parts=${parts} />
      </div>
    </div><//>`;
}
