/** Services and the nodes that they run on. */
import { html } from "../../html.ts";
import { Panel } from "../../parts/panel.ts";
import { Wide } from "../../parts/wide.ts";
import { getJson } from "../../platform/api.ts";
import { serviceText } from "../../platform/errors.ts";
import { useLoad } from "../../platform/load.ts";
import { leading, listed, numberIn, t } from "../../platform/texts.ts";

/** The state of the mesh, from the gateway. */
export interface MeshState {
  requestsPerSecond: number;
  services: {
    name: string;
    nodes: string[];
    hasEvents: boolean;
    documents: number | null;
    bytes: number | null;
    requestsPerSecond: number | null;
  }[];
}

/** Interval of reading, milliseconds. */
const EVERY_MS = 3_000;
const numberOr = (value: number | null): string => (value === null ? "–" : numberIn(value, { maximumFractionDigits: 1 }));
const megabytes = (bytes: number | null): string => (bytes === null ? "–" : numberIn(bytes / 1e6, { maximumFractionDigits: 1 }));

export function Services() {
  const state = useLoad("mesh", () => getJson<MeshState>("/console.json"), EVERY_MS);
  const show = ({ services, requestsPerSecond }: MeshState) => {
    const down = services.filter(({ nodes }) => nodes.length === 0).length;
    return html`<p role="status">${down === 0 ? html`<span class="tag good">✓ ${t("services.allUp")}</span>` : html`<span class="tag bad">⚠ ${t("services.down", { n: down })}</span>`} <span class="muted">${t("services.rate", { n: numberOr(requestsPerSecond) })}</span></p>
      <p class="hint">${leading("services.nodes")} <bdi translate=${false}>${listed([...new Set(services.flatMap(({ nodes }) => nodes))])}</bdi></p>
      <${Wide} label=${t("services")}><table class="stacked"><thead><tr><th scope="col">${t("services.service")}</th><th scope="col" class="figure">${t("services.nodes")}</th><th scope="col" class="figure">${t("services.documents")}</th><th scope="col" class="figure">${t("services.size")}</th><th scope="col" class="figure">${t("services.calls")}</th></tr></thead>
      <tbody>${services.map(
        (
          one,
        ) => html`<tr key=${one.name}><th scope="row">${serviceText(one.name)} <bdi class="hint" translate=${false}>${one.name}</bdi></th><td class="figure" data-label=${t("services.nodes")}>${one.nodes.length === 0 ? html`<span class="tag bad">⚠ ${t("services.isDown")}</span>` : html`<span title=${listed(one.nodes)}>${numberIn(one.nodes.length)}</span>`}</td>
          <td class="figure" data-label=${t("services.documents")}>${numberOr(one.documents)}</td><td class="figure" data-label=${t("services.size")}>${megabytes(one.bytes)}</td><td class="figure" data-label=${t("services.calls")}>${numberOr(one.requestsPerSecond)}</td></tr>`,
      )}</tbody></table><//>`;
  };
  return html`<${Panel} title=${t("services")} loaded=${state} show=${show} />`;
}
