/** Records among the latest that are probably of one person: each pair is looked at by a person. */
import type { Patient } from "../../../../../fhir/r4.ts";
import type { Double, patients as patientsContract } from "../../../../patients/patients.contract.ts";
import { html } from "../../html.ts";
import { For } from "../../parts/for.ts";
import { Panel } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, readAll } from "../../platform/api.ts";
import { useNews } from "../../platform/live.ts";
import { useLoad } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { go } from "../../platform/router.ts";
import { t } from "../../platform/texts.ts";

const patients = actionsOf<typeof patientsContract>("patients");

interface Known {
  doubles: Double[];
  records: Map<string, Patient>;
}

async function read(): Promise<Known> {
  const doubles = await patients.listDoubles({});
  return { doubles, records: await readAll<Patient>(doubles.flatMap((one) => one.patients)) };
}

/** See the head of this file. */
export function Probable() {
  const live = useNews("types=Patient", () => known.reload());
  const known = useLoad("probable doubles and who they are", read, live.everyMs);
  const line = (record: Patient | undefined) => (record ? html`<${PersonLine} patient=${record} />` : t("person.notKnown"));
  const row = ({ patients: [one, other], grade }: Double, records: Known["records"]) => html`<li key=${`${one} ${other}`}>
    <span>${line(records.get(one))}<br />${line(records.get(other))}</span>
    <span class="buttons"><span class=${grade === "certain" ? "tag bad" : "tag warn"}>${t(`grade.${grade as "certain" | "probable"}`)}</span>
      <button type="button" onClick=${() => go("records", one)}>${t("records.look")}<${For} who=${nameOf(records.get(one))} /></button></span></li>`;
  const show = ({ doubles, records }: Known) =>
    doubles.length === 0
      ? html`<p class="muted">${t("records.noDoubles")}</p>`
      : html`<ul class="list">${doubles.map((one) => row(one, records))}</ul>`;
  return html`<${Panel} title=${t("records.probable")} loaded=${known} show=${show} />`;
}
