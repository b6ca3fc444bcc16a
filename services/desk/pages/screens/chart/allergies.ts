/** The allergies of a patient in one line; "none known" differs from "unknown", and what may be out of date is marked. */
import type { AllergyIntolerance } from "../../../../../fhir/r4.ts";
import { currentAllergies, isSevere } from "../../../../../fhir/clinical-status.ts";
import { html } from "../../html.ts";
import { NotKnown } from "../../parts/panel.ts";
import type { Found } from "../../platform/api.ts";
import type { Loaded } from "../../platform/load.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { leading, listed, t } from "../../platform/texts.ts";

/** What somebody is allergic to, and whether severely. */
export const allergyText = (one: AllergyIntolerance): string =>
  `${conceptOf(one.code)}${isSevere(one) ? ` (${t("allergies.severe")})` : ""}`;

export function Allergies({ loaded }: { loaded: Loaded<Found<AllergyIntolerance>> }) {
  const { value, error } = loaded;
  if (error?.status === 403) return null;
  if (error && !value) return html`<p class="not-known"><span aria-hidden="true">?</span> ${t("allergies.notKnown")}</p>`;
  if (!value) return html`<p class="muted" aria-busy="true">${t("loading")}</p>`;
  const active = currentAllergies(value.resources);
  const asOf = html`<${NotKnown} loaded=${loaded} />`;
  if (active.length === 0) return html`<p class="muted">${t("allergies.none")}</p>${asOf}`;
  return html`<p class="alert">⚠ ${leading("allergies")} ${listed(active.map(allergyText))}</p>${asOf}`;
}
