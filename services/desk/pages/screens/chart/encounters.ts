/** Visits and stays, the newest first. */
import type { Encounter } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { useMore } from "../../parts/more.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import type { Found } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import type { Loaded } from "../../platform/load.ts";
import { conceptOf } from "../../platform/names.ts";
import { t, tIfAny } from "../../platform/texts.ts";

/** Shown at first, and so many more each time. */
const STEP = 20;

/** What a visit or stay is called. */
export const kindOf = ({ class: kind }: Encounter): string => tIfAny(`encounter.${kind?.code}`) ?? kind?.display ?? kind?.code ?? "";

/** See the head of this file. */
export function Encounters({ loaded }: { loaded: Loaded<Found<Encounter>> }) {
  const more = useMore(STEP);
  const show = ({ resources, isPartial }: Found<Encounter>) => html`<${Partial} isPartial=${isPartial} />
    ${resources.length === 0 && html`<p class="muted">${t("none")}</p>`}
    <ul class="list">${resources.slice(0, more.count).map(
      (
        one,
      ) => html`<li key=${one.id}><span>${kindOf(one)} ${conceptOf(one.reasonCode?.[0]) && html`· <bdi>${conceptOf(one.reasonCode?.[0])}</bdi>`}<br />
        <span class="muted">${one.period?.end ? `${momentOf(one.period.start)} – ${momentOf(one.period.end)}` : momentOf(one.period?.start)}</span></span>
        <span class="tag">${tIfAny(`encounter.status.${one.status}`) ?? one.status}</span></li>`,
    )}</ul>${more.below(resources.length)}`;
  return html`<${Panel} title=${t("encounters")} loaded=${loaded} show=${show} />`;
}
