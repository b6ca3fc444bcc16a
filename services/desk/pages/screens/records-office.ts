/** The records office: two records of one person side by side, merged, and unmerged. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../fhir/r4.ts";
import type { GradedPatient, MergeState, patients as patientsContract } from "../../../patients/patients.contract.ts";
import { html } from "../html.ts";
import { For } from "../parts/for.ts";
import { say, sayFault, tell } from "../parts/notices.ts";
import { Panel } from "../parts/panel.ts";
import { PatientSearch } from "../parts/patient-search.ts";
import { PersonLine } from "../parts/person-line.ts";
import { actionsOf, read, readAll, Refused } from "../platform/api.ts";
import { sentenceOf } from "../platform/errors.ts";
import { useLoad } from "../platform/load.ts";
import { nameOf } from "../platform/names.ts";
import { replacedBy } from "../platform/patients.ts";
import { go } from "../platform/router.ts";
import { t } from "../platform/texts.ts";
import { Probable } from "./records-office/probable.ts";
import { Running } from "./records-office/running.ts";
import { SideBySide } from "./records-office/side-by-side.ts";

const patients = actionsOf<typeof patientsContract>("patients");

/** @param argument the id of the record */
export default function RecordsOffice({ argument }: { argument?: string }) {
  return html`<${PatientSearch} id="records-search" label=${t("records.find")} withReplaced onPick=${({ id }: Patient) => go("records", id)} />
    ${argument === undefined ? html`<${Probable} />` : html`<${Duplicates} key=${argument} reference=${`Patient/${argument}`} />`}`;
}

interface Similar extends GradedPatient {
  record: Patient | undefined;
}

interface Known {
  patient: Patient;
  similar: Similar[];
  /** A merge or unmerge is in progress. */
  isMerging: boolean;
}

/** Whether a merge is in progress; if that cannot be found out, the rest of the page is shown anyway. */
const isRunning = (source: string): Promise<boolean> =>
  patients.mergeState({ source }).then(
    ({ state }) => state === "running",
    () => false,
  );

async function similarTo(reference: string): Promise<Known> {
  const [patient, graded, isMerging] = await Promise.all([
    read<Patient>(reference),
    patients.candidates({ like: reference, limit: 10 }),
    isRunning(reference),
  ]);
  const records = await readAll<Patient>(graded.map((one) => one.patient));
  return { patient, isMerging, similar: graded.map((one) => ({ ...one, record: records.get(one.patient) })) };
}

function Duplicates({ reference }: { reference: string }) {
  const known = useLoad(reference, () => similarTo(reference));
  const [other, setOther] = useState<Patient | undefined>();
  const [running, setRunning] = useState<string | undefined>();
  /** @param source "Patient/…" */
  const takeApart = async (source: string) => {
    const { state } = await patients.unmerge({ source });
    if (state === "running") setRunning(source);
    known.reload();
    return state;
  };
  /** @param source "Patient/…", which was merged or unmerged */
  const ended = (source: string, { refusal, state, moved }: MergeState) => {
    if (refusal) tell(t("records.refused", { what: sentenceOf(new Refused(409, refusal.type ?? "", refusal.message)) }));
    else if (state === "merged") say(t("records.merged", { n: moved }), () => takeApart(source));
    else say(t("records.apart"));
    setRunning(undefined);
    known.reload();
  };
  /** @throws the refusal */
  const merge = async ({ source, target }: { source: Patient; target: Patient }, confirm: string | undefined) => {
    const [from, to] = [`Patient/${source.id}`, `Patient/${target.id}`];
    const { state, moved } = await patients.merge({ source: from, target: to, ...(confirm !== undefined && { confirm }) });
    if (state === "running") setRunning(from);
    else say(t("records.merged", { n: moved }), () => takeApart(from));
    setOther(undefined);
    known.reload();
  };
  const apart = async (patient: Patient) => {
    try {
      if ((await takeApart(`Patient/${patient.id}`)) !== "running") say(t("records.apart"));
    } catch (error) {
      sayFault(error);
    }
  };
  const row = ({ record, grade }: Similar) =>
    record &&
    html`<li key=${record.id}><span><${PersonLine} patient=${record} /> <span class=${grade === "certain" ? "tag bad" : "tag warn"}>${t(`grade.${grade as "certain" | "probable" | "possible"}`)}</span></span>
      <button type="button" onClick=${() => setOther(record)}>${t("records.compare")}<${For} who=${nameOf(record)} /></button></li>`;
  const show = ({ patient, similar, isMerging }: Known) => {
    const source = running ?? (isMerging ? reference : undefined);
    const isMerged = replacedBy(patient) !== undefined;
    return html`<p><${PersonLine} patient=${patient} /></p>
      ${source && html`<${Running} key=${source} source=${source} onEnd=${(state: MergeState) => ended(source, state)} />`}
      ${isMerged && html`<p class="not-known">${t("chart.merged")} <button type="button" onClick=${() => apart(patient)}>${t("records.takeApart")}</button></p>`}
      ${similar.length === 0 && html`<p class="muted">${t("records.noDuplicate")}</p>`}
      <ul class="list">${similar.map(row)}</ul>
      ${other && html`<${SideBySide} one=${patient} other=${other} onMerge=${merge} onClose=${() => setOther(undefined)} />`}`;
  };
  return html`<${Panel} title=${t("records.duplicates")} loaded=${known} show=${show} />`;
}
