/** Visits and stays, the newest first. */
import { useState } from "preact/hooks";
import { isOpen } from "../../../../../fhir/open-encounters.ts";
import type { Encounter, Patient } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { For } from "../../parts/for.ts";
import { later } from "../../parts/later.ts";
import { useMore } from "../../parts/more.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import type { Found } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import type { Loaded } from "../../platform/load.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { t, tIfAny } from "../../platform/texts.ts";
import type { Parts } from "./sources.ts";

const StaySummary = later("stay.summary", () => import("./stay-summary.ts").then((it) => it.StaySummary));

/** Number shown at first, and added each time. */
const STEP = 20;
/** Encounters for which a summary can be printed: current and past stays. */
const STAYS = ["IMP", "ACUTE", "NONAC", "EMER"];

/** Name of the kind of encounter. */
export const kindOf = ({ class: kind }: Encounter): string => tIfAny(`encounter.${kind?.code}`) ?? kind?.display ?? kind?.code ?? "";

export function Encounters({ loaded, patient, parts }: { loaded: Loaded<Found<Encounter>>; patient: Patient | undefined; parts: Parts }) {
  const [open, setOpen] = useState<Encounter | undefined>();
  const isStay = (one: Encounter) => STAYS.includes(one.class?.code ?? "") && (isOpen(one) || one.status === "finished");
  const more = useMore(STEP);
  const show = ({ resources, isPartial, hasMore }: Found<Encounter>) => html`<${Partial} isPartial=${isPartial} hasMore=${hasMore} />
    ${resources.length === 0 && !isPartial && html`<p class="muted">${t("none")}</p>`}
    <ul class="list">${resources.slice(0, more.count).map(
      (one) => html`<li key=${one.id}><span><${Dotted} of=${[kindOf(one), conceptOf(one.reasonCode?.[0])]} /><br />
        <span class="muted">${one.period?.end ? `${momentOf(one.period.start)} – ${momentOf(one.period.end)}` : momentOf(one.period?.start)}</span></span>
        <span class="buttons"><span class="tag">${tIfAny(`encounter.status.${one.status}`) ?? one.status}</span>${isStay(one) && patient && html` <button type="button" class="quiet" onClick=${() => setOpen(one)}>${t("stay.summary")}<${For} who=${momentOf(one.period?.start)} /></button>`}</span></li>`,
    )}</ul>${more.below(resources.length)}`;
  return html`<${Panel} title=${t("encounters")} loaded=${loaded} show=${show} id="part-encounters" />
    ${open && patient && html`<${StaySummary} stay=${open} patient=${patient} parts=${parts} onClose=${() => setOpen(undefined)} />`}`;
}
