/** Recently issued results: corrected with a reason, or printed as a report. */
import { useState } from "preact/hooks";
import type { Observation } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { Dialog } from "../../parts/dialog.ts";
import { For } from "../../parts/for.ts";
import { Finding, Flag, foundAt, rangeOf } from "../../parts/finding.ts";
import { type Joined, searchWithPatients, type WithPatient } from "../../parts/joined.ts";
import { useMore } from "../../parts/more.ts";
import { NotKnown, Panel, Partial } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { Sheet } from "../../parts/sheet.ts";
import { Wide } from "../../parts/wide.ts";
import { momentOf } from "../../platform/clock.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { t } from "../../platform/texts.ts";
import { Correct } from "./correct.ts";
import { reportWithValues } from "./entered-values.ts";

type Result = WithPatient<Observation>;

/** @param turn changes when a result was entered */
export function Issued({ turn }: { turn: number }) {
  const more = useMore(20);
  const results = useLoad("issued", () =>
    searchWithPatients<Observation>("Observation", { category: "laboratory", _sort: "-date", _count: `${more.count}` }),
  );
  useTurn(results, turn);
  useTurn(results, more.count);
  const [open, setOpen] = useState<{ kind: "correct" | "print"; result: Result } | undefined>();
  const row = (one: Result) => html`<tr key=${one.of.id}><th scope="row"><bdi>${conceptOf(one.of.code)}</bdi></th>
    <td class="figure"><${Finding} of=${one.of} /> <${Flag} of=${one.of} /></td><td>${one.patient && html`<${PersonLine} patient=${one.patient} />`}</td>
    <td class="nowrap">${momentOf(one.of.issued ?? foundAt(one.of))} ${one.of.status === "corrected" && html`<span class="tag">${t("bench.corrected")}</span>`}</td>
    <td class="pair"><button type="button" class="quiet" onClick=${() => setOpen({ kind: "correct", result: one })}>${t("bench.correct")}<${For} who=${`${conceptOf(one.of.code)}, ${nameOf(one.patient)}`} /></button>
      <button type="button" class="quiet" onClick=${() => setOpen({ kind: "print", result: one })}>${t("print")}<${For} who=${`${conceptOf(one.of.code)}, ${nameOf(one.patient)}`} /></button></td></tr>`;
  const show = ({ all, isPartial }: Joined<Observation>) => html`<${Partial} isPartial=${isPartial} />
    ${all.length === 0 && !isPartial && html`<p class="muted">${t("results.none")}</p>`}
    ${
      all.length > 0 &&
      html`<${Wide} label=${t("bench.latest")}><table class="stacked"><thead><tr><th scope="col">${t("result.test")}</th><th scope="col" class="figure">${t("result.value")}</th><th scope="col">${t("chart.banner")}</th><th scope="col">${t("result.when")}</th><td></td></tr></thead>
    <tbody>${all.map(row)}</tbody></table><//>`
    }${more.below(all.length)}`;
  const close = () => setOpen(undefined);
  const done = () => {
    close();
    results.reload();
  };
  return html`<${Panel} title=${t("bench.latest")} loaded=${results} show=${show} />
    ${open?.kind === "correct" && html`<${Correct} result=${open.result} onClose=${close} onDone=${done} />`}
    ${open?.kind === "print" && html`<${Report} result=${open.result} onClose=${close} />`}`;
}

/** All values of the report with this one; without a report only this one. */
async function valuesBeside(of: Observation): Promise<Observation[]> {
  const { values: all } = await reportWithValues({ result: `Observation/${of.id}` });
  return all.length > 0 ? all : [of];
}

function Report({ result: { of, patient }, onClose }: { result: Result; onClose: () => void }) {
  const values = useLoad(`report of ${of.id}`, () => valuesBeside(of));
  const line = (one: Observation) =>
    html`<tr key=${one.id}><th scope="row"><bdi>${conceptOf(one.code)}</bdi></th><td class="figure"><${Finding} of=${one} /> <${Flag} of=${one} /></td><td data-label=${rangeOf(one) && t("result.range")}><bdi>${rangeOf(one)}</bdi></td></tr>`;
  return html`<${Dialog} title=${t("bench.report")} onClose=${onClose}>
    <div class="stack">
      <${NotKnown} loaded=${values} />
      <${Sheet} title=${t("bench.report")} patient=${patient} isBusy=${values.isLoading}>
        <${Wide} label=${t("bench.report")}><table class="stacked"><thead><tr><th scope="col">${t("result.test")}</th><th scope="col" class="figure">${t("result.value")}</th><th scope="col">${t("result.range")}</th></tr></thead><tbody>${(values.value ?? [of]).map(line)}</tbody></table><//>
        <p><${Dotted} of=${[momentOf(of.effectiveDateTime), t("bench.issuedAt", { at: momentOf(of.issued) })]} /></p>
      <//>
    </div>
  <//>`;
}
