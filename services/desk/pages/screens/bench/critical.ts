/** Critical values that were not acknowledged yet: of all patients, or of one. */
import { useState } from "preact/hooks";
import type { CriticalValue } from "../../../../lab/bench.contract.ts";
import type { Patient } from "../../../../../fhir/r4.ts";
import type { lab as labContract } from "../../../../lab/lab.contract.ts";
import { html } from "../../html.ts";
import { FlagOf } from "../../parts/finding.ts";
import { For } from "../../parts/for.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, readAll } from "../../platform/api.ts";
import { since } from "../../platform/clock.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { nameOf } from "../../platform/names.ts";
import { quantityOf } from "../../platform/shown-values.ts";
import { testText } from "../../platform/test-names.ts";
import { listed, t } from "../../platform/texts.ts";
import { unitOf } from "../../platform/units.ts";
import { whereaboutsOf } from "../../platform/whereabouts.ts";
import { TellCritical } from "./tell-critical.ts";

const lab = actionsOf<typeof labContract>("lab");

interface CriticalProps {
  patient?: string;
  among?: ReadonlySet<string>;
  /** At the bench: the laboratory reports by telephone, and does not acknowledge for others. */
  isTold?: boolean;
  turn: number;
  everyMs: number;
}

/** @param patient only of this one @param among only of these patients, "Patient/…" @param turn changes when something was released @param everyMs interval of reading */
export function Critical({ patient, among, isTold = false, turn, everyMs }: CriticalProps) {
  const known = useLoad(
    `critical ${patient ?? ""}`,
    async () => {
      const values = await lab.listCritical(patient === undefined ? {} : { patient });
      const whose = patient === undefined ? values.map((one) => one.patient) : [];
      const [records, places] = await Promise.all([readAll<Patient>(whose), whereaboutsOf(isTold ? whose : [])]);
      return { values, records, places };
    },
    everyMs,
    offers("lab.listCritical"),
  );
  useTurn(known, turn);
  const acknowledge = async ({ observation, version }: CriticalValue) => {
    try {
      await lab.acknowledge({ observation, version });
      say(t("critical.acknowledged"));
    } catch (error) {
      sayFault(error);
    }
    known.reload();
  };
  const [told, setTold] = useState<CriticalValue | undefined>();
  const values = known.value?.values.filter((one) => among?.has(one.patient) ?? true) ?? [];
  // "None" differs from "unknown".
  if (known.error?.isTemporary) {
    return html`<section class="panel" aria-label=${t("critical")}><h2>${t("critical")}</h2><${NotKnown} loaded=${known} /></section>`;
  }
  if (!known.value || values.length === 0) return null;
  const { records, places } = known.value;
  const placeOf = ({ patient: of }: CriticalValue) => {
    const place = places.get(of);
    return place && html`<bdi class="tag place">${place}</bdi> `;
  };
  const read = ({ value, digits, unit = "" }: CriticalValue) =>
    typeof value === "number" ? quantityOf({ value, unit }, "", digits) : `${value ?? ""} ${unitOf(unit)}`;
  return html`<section class="panel alert-panel" id="part-critical" aria-label=${t("critical")}><h2>⚠ ${t("critical")}</h2>
    <ul class="list">${values.map((one) => {
      const record = records.get(one.patient);
      return html`<li key=${one.observation}><span><strong><bdi>${testText(one.test)}</bdi> <bdi class="nowrap">${read(one)}</bdi></strong> <${FlagOf} code=${one.flag} /> ${placeOf(one)}${record && html`<${PersonLine} patient=${record} />`} <span class="muted">${since(one.releasedAt)}</span></span>
        <button type="button" onClick=${() => (isTold ? setTold(one) : acknowledge(one))}>${t(isTold ? "critical.tell" : "critical.acknowledge")}<${For} who=${listed([testText(one.test), record && nameOf(record)])} /></button></li>`;
    })}</ul>
    ${told && html`<${TellCritical} of=${told} patient=${records.get(told.patient)} place=${places.get(told.patient)} value=${read(told)} onClose=${() => setTold(undefined)} onDone=${known.reload} />`}
  </section>`;
}
