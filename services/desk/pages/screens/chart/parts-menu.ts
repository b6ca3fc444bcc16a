/** A menu of a chart's parts for a phone, where they stand below each other on many screens; where they stand side by side it is not shown. */
import { html } from "../../html.ts";
import { t } from "../../platform/texts.ts";

/** In the order of the page; each is the id of a part too. */
const PARTS = ["problems", "medication", "taken", "orders", "results", "notes", "encounters", "timeline"] as const;

/** Shows the part, and gives it the focus, so that a keyboard or a screen reader goes on from there. */
function goTo(part: string): void {
  const meant = document.getElementById(`part-${part}`);
  if (!meant) return; // it belongs to a service that this hospital does not have
  meant.tabIndex = -1;
  meant.focus({ preventScroll: true });
  meant.scrollIntoView({ block: "start" });
}

export const PartsMenu = () =>
  html`<nav class="parts-menu" aria-label=${t("chart.parts")}>${PARTS.map((part) => html`<button key=${part} type="button" onClick=${() => goTo(part)}>${t(part)}</button>`)}</nav>`;
