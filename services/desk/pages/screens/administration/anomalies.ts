/** What went wrong in the mesh, the latest first. */
import type { Anomaly, journal as journalContract } from "../../../../journal/journal.contract.ts";
import { html } from "../../html.ts";
import { Panel } from "../../parts/panel.ts";
import { Wide } from "../../parts/wide.ts";
import { actionsOf } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { useLoad } from "../../platform/load.ts";
import { numberIn } from "../../platform/names.ts";
import { t, tIfAny } from "../../platform/texts.ts";

const journal = actionsOf<typeof journalContract>("journal");
/** Asked for again after so long, milliseconds. */
const EVERY_MS = 10_000;

/** See the head of this file. */
export function Anomalies() {
  const anomalies = useLoad("anomalies", () => journal.list({ limit: 50 }), EVERY_MS);
  const show = (all: Anomaly[]) => html`${all.length === 0 && html`<p class="muted">${t("anomalies.none")}</p>`}
    <${Wide} label=${t("anomalies")}><table><thead><tr><th scope="col">${t("result.when")}</th><th scope="col">${t("anomalies.kind")}</th><th scope="col">${t("anomalies.subject")}</th><th scope="col" class="figure">${t("anomalies.count")}</th></tr></thead>
    <tbody>${all.map(
      (one, index) =>
        html`<tr key=${index}><td class="nowrap">${momentOf(one.lastAt)}</td><td>${tIfAny(`anomaly.${one.kind}`) ?? one.kind}</td><td><bdi>${one.subject}</bdi></td><td class="figure">${numberIn(one.count)}</td></tr>`,
    )}</tbody></table><//>`;
  return html`<${Panel} title=${t("anomalies")} loaded=${anomalies} show=${show} />`;
}
