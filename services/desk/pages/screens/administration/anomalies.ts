/** Anomalies in the mesh, the latest first: all, of one kind, or since a day. */
import { useState } from "preact/hooks";
import type { Anomaly, journal as journalContract } from "../../../../journal/journal.contract.ts";
import { html } from "../../html.ts";
import { DateField } from "../../parts/date-field.ts";
import { Field } from "../../parts/field.ts";
import { Panel } from "../../parts/panel.ts";
import { Wide } from "../../parts/wide.ts";
import { actionsOf } from "../../platform/api.ts";
import { momentOf, startOf } from "../../platform/clock.ts";
import { useLoad } from "../../platform/load.ts";
import { numberIn, t, tIfAny } from "../../platform/texts.ts";

type Kind = NonNullable<Parameters<typeof journal.list>[0]["kind"]>;
/** In the order of the list of choices: what concerns patients' data first. */
const KINDS = Object.keys({
  "failed-request": true,
  "dead-letter": true,
  "settings-differ": true,
  "clock-off": true,
  "unowned-type": true,
  "refused-packet": true,
  "circuit-opened": true,
  "node-lost": true,
  "process-hung": true,
} satisfies Record<Kind, true>) as Kind[];
const journal = actionsOf<typeof journalContract>("journal");
/** Interval of reading, milliseconds. */
const EVERY_MS = 10_000;
/** Limit of the list; earlier ones are found by date. */
const MAX_SHOWN = 100;

export function Anomalies() {
  const [kind, setKind] = useState("");
  const [since, setSince] = useState("");
  const wanted = { limit: MAX_SHOWN, ...(kind && { kind: kind as Kind }), ...(since && { since: startOf(since) }) };
  const anomalies = useLoad(`anomalies ${kind} ${since}`, () => journal.list(wanted), EVERY_MS);
  const choice = html`<div class="fields">
      <${Field} label=${t("anomalies.kind")} name="anomaly-kind" value=${kind} onValue=${setKind} options=${[["", t("anomalies.all")], ...KINDS.map((one) => [one, tIfAny(`anomaly.${one}`) ?? one])]} />
      <${DateField} label=${t("anomalies.since")} name="anomaly-since" value=${since} onValue=${setSince} />
    </div>`;
  const show = (all: Anomaly[]) => html`${all.length === 0 && html`<p class="muted">${t("anomalies.none")}</p>`}
    ${
      all.length > 0 &&
      html`<${Wide} label=${t("anomalies")}><table class="stacked"><thead><tr><th scope="col">${t("result.when")}</th><th scope="col">${t("anomalies.kind")}</th><th scope="col">${t("anomalies.subject")}</th><th scope="col" class="figure">${t("anomalies.count")}</th></tr></thead>
    <tbody>${all.map(
      (one, index) =>
        html`<tr key=${index}><td class="nowrap">${momentOf(one.lastAt)}</td><td>${tIfAny(`anomaly.${one.kind}`) ?? one.kind}</td><td><bdi>${one.subject}</bdi></td><td class="figure">${numberIn(one.count)}</td></tr>`,
    )}</tbody></table><//>`
    }`;
  return html`<${Panel} title=${t("anomalies")} loaded=${anomalies} show=${show} choice=${choice} />`;
}
