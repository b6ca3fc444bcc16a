/** The records office: two records of one person side by side, merged, and taken apart again. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../fhir/r4.ts";
import type { GradedPatient, patients as patientsContract } from "../../../patients/patients.contract.ts";
import { html } from "../html.ts";
import { For } from "../parts/for.ts";
import { say, sayFault } from "../parts/notices.ts";
import { Panel } from "../parts/panel.ts";
import { PatientSearch } from "../parts/patient-search.ts";
import { PersonLine } from "../parts/person-line.ts";
import { actionsOf, read, readAll } from "../platform/api.ts";
import { useLoad } from "../platform/load.ts";
import { nameOf } from "../platform/names.ts";
import { go } from "../platform/router.ts";
import { t } from "../platform/texts.ts";
import { Probable } from "./records-office/probable.ts";
import { SideBySide } from "./records-office/side-by-side.ts";

const patients = actionsOf<typeof patientsContract>("patients");

/** @param argument the id of the record that is looked at */
export default function RecordsOffice({ argument }: { argument?: string }) {
  return html`<${PatientSearch} id="records-search" label=${t("records.find")} onPick=${({ id }: Patient) => go("records", id)} />
    ${argument === undefined ? html`<${Probable} />` : html`<${Doubles} key=${argument} reference=${`Patient/${argument}`} />`}`;
}

interface Similar extends GradedPatient {
  record: Patient | undefined;
}

async function similarTo(reference: string): Promise<{ patient: Patient; similar: Similar[] }> {
  const [patient, graded] = await Promise.all([read<Patient>(reference), patients.candidates({ like: reference, limit: 10 })]);
  const records = await readAll<Patient>(graded.map((one) => one.patient));
  return { patient, similar: graded.map((one) => ({ ...one, record: records.get(one.patient) })) };
}

function Doubles({ reference }: { reference: string }) {
  const known = useLoad(reference, () => similarTo(reference));
  const [other, setOther] = useState<Patient | undefined>();
  const merge = async (source: Patient, target: Patient) => {
    const [from, to] = [`Patient/${source.id}`, `Patient/${target.id}`];
    try {
      const { state, moved } = await patients.merge({ source: from, target: to });
      const apart = () => patients.unmerge({ source: from }).then(known.reload);
      say(state === "running" ? t("records.running") : t("records.merged", { n: moved }), apart);
      setOther(undefined);
      known.reload();
    } catch (error) {
      sayFault(error);
    }
  };
  const apart = async (patient: Patient) => {
    try {
      await patients.unmerge({ source: `Patient/${patient.id}` });
      say(t("records.apart"));
      known.reload();
    } catch (error) {
      sayFault(error);
    }
  };
  const row = ({ record, grade }: Similar) =>
    record &&
    html`<li key=${record.id}><span><${PersonLine} patient=${record} /> <span class=${grade === "certain" ? "tag bad" : "tag warn"}>${t(`grade.${grade as "certain" | "probable" | "possible"}`)}</span></span>
      <button type="button" onClick=${() => setOther(record)}>${t("records.compare")}<${For} who=${nameOf(record)} /></button></li>`;
  const show = ({ patient, similar }: { patient: Patient; similar: Similar[] }) => {
    const isMerged = patient.link?.some(({ type }) => type === "replaced-by");
    return html`<p><${PersonLine} patient=${patient} /></p>
      ${isMerged && html`<p class="not-known">${t("chart.merged")} <button type="button" onClick=${() => apart(patient)}>${t("records.takeApart")}</button></p>`}
      ${similar.length === 0 && html`<p class="muted">${t("records.noDouble")}</p>`}
      <ul class="list">${similar.map(row)}</ul>
      ${other && html`<${SideBySide} one=${patient} other=${other} onMerge=${merge} onClose=${() => setOther(undefined)} />`}`;
  };
  return html`<${Panel} title=${t("records.doubles")} loaded=${known} show=${show} />`;
}
