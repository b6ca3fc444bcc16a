/** Results: the latest of each test with its range, and a curve of all of them. */
import { useState } from "preact/hooks";
import type { Observation } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { Curve } from "../../parts/curve.ts";
import { For } from "../../parts/for.ts";
import { Finding, Flag, foundAt, numbersOf, rangeOf, testKeyOf, testOf, unitOfNumbers } from "../../parts/finding.ts";
import { Wide } from "../../parts/wide.ts";
import type { Found } from "../../platform/api.ts";
import { dateOf, day, momentOf, startOf } from "../../platform/clock.ts";
import type { Loaded } from "../../platform/load.ts";
import { t } from "../../platform/texts.ts";

const VOID = ["entered-in-error", "cancelled"];

/** Kinds of results (http://terminology.hl7.org/CodeSystem/observation-category), in the order in which they are shown; all others are the last. */
const KINDS = ["vital-signs", "laboratory"] as const;
const kindOf = ({ category = [] }: Observation) =>
  KINDS.find((kind) => category.some(({ coding = [] }) => coding.some(({ code }) => code === kind))) ?? "other";

/** When it was found: also the time, if that was today or yesterday. */
function whenOf(one: Observation): string {
  const at = foundAt(one);
  return at !== undefined && Date.parse(at) >= Date.parse(startOf(day(1))) ? momentOf(at) : dateOf(at);
}

/** What the laboratory remarks on a result. */
const remarksOf = ({ note = [] }: Observation) => note.map(({ text }) => html`<br key=${text} /><bdi class="muted">${text}</bdi>`);

export function Results({ loaded }: { loaded: Loaded<Found<Observation>> }) {
  const [open, setOpen] = useState<Observation[] | undefined>();
  const show = ({ resources, isPartial, hasMore }: Found<Observation>) => {
    const valid = resources.filter(({ status }) => !VOID.includes(status));
    const tests = [...Map.groupBy(valid, testKeyOf).values()];
    const kinds = Map.groupBy(tests, ([latest]) => kindOf(latest as Observation));
    const row = (all: Observation[]) => {
      const latest = all[0] as Observation;
      return html`<tr key=${latest.id}><th scope="row"><bdi>${testOf(latest)}</bdi></th>
            <td class="figure"><${Finding} of=${latest} /> <${Flag} of=${latest} />${rangeOf(latest) && html`<br /><bdi class="muted">${rangeOf(latest)}</bdi>`}${remarksOf(latest)}</td>
            <td class="nowrap" title=${momentOf(foundAt(latest))}>${whenOf(latest)} ${latest.status === "preliminary" && html`<span class="tag">${t("result.preliminary")}</span>`}</td>
            <td class="end">${all.length > 1 && html`<button type="button" class="nowrap" onClick=${() => setOpen(all)}>${t("result.all", { n: all.length })}<${For} who=${testOf(latest)} /></button>`}</td></tr>`;
    };
    const group = (kind: ReturnType<typeof kindOf>) => html`<tbody key=${kind}>
      ${kinds.size > 1 && html`<tr class="group"><th scope="rowgroup" colspan="4">${t(`results.${kind}`)}</th></tr>`}${kinds.get(kind)?.map(row)}</tbody>`;
    return html`<${Partial} isPartial=${isPartial} hasMore=${hasMore} />
      ${tests.length === 0 && !isPartial && html`<p class="muted">${t("results.none")}</p>`}
      ${
        tests.length > 0 &&
        html`<${Wide} label=${t("results")}><table class="stacked of-tests">
        <thead><tr><th scope="col">${t("result.test")}</th><th scope="col" class="figure">${t("result.value")}</th><th scope="col">${t("result.when")}</th><td></td></tr></thead>
        ${([...KINDS, "other"] as const).filter((kind) => kinds.has(kind)).map(group)}
      </table><//>`
      }`;
  };
  const close = () => setOpen(undefined);
  return html`<${Panel} title=${t("results")} loaded=${loaded} show=${show} id="part-results" />
    ${open && html`<${History} all=${open} onClose=${close} />`}`;
}

function History({ all, onClose }: { all: Observation[]; onClose: () => void }) {
  const first = all[0] as Observation;
  const points = all.flatMap((one) => {
    const [at, values] = [foundAt(one), numbersOf(one)];
    return at !== undefined && values.length > 0 ? [{ at: Date.parse(at), values }] : [];
  });
  const range = first.referenceRange?.[0];
  return html`<${Dialog} title=${testOf(first)} onClose=${onClose}>
    ${points.length > 1 && html`<${Curve} points=${points} low=${range?.low?.value} high=${range?.high?.value} label=${testOf(first)} unit=${unitOfNumbers(first)} />`}
    <table><thead><tr><th scope="col">${t("result.when")}</th><th scope="col" class="figure">${t("result.value")}</th></tr></thead>
      <tbody>${all.map((one) => html`<tr key=${one.id}><td>${momentOf(foundAt(one))}</td><td class="figure"><${Finding} of=${one} /> <${Flag} of=${one} />${remarksOf(one)}</td></tr>`)}</tbody></table>
  <//>`;
}
