/** The allergies of a patient in one line; "none known" differs from "unknown", and what may be out of date is marked. */
import type { AllergyIntolerance } from "../../../../../fhir/r4.ts";
import { currentAllergies, isCurrent, isSevere, saysNoneKnown } from "../../../../../fhir/clinical-status.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { NotKnown } from "../../parts/panel.ts";
import type { Found } from "../../platform/api.ts";
import { dateOf } from "../../platform/clock.ts";
import type { Loaded } from "../../platform/load.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { leading, listed, t } from "../../platform/texts.ts";

/** What somebody is allergic to; of a record that there is nothing, that. */
export const allergyName = (one: AllergyIntolerance): string => (saysNoneKnown(one) ? t("allergies.noneKnown") : conceptOf(one.code));

/** The record that somebody has asked, and that no allergy is known; undefined if there is none, or an allergy as well. */
export const noneKnownIn = (all: AllergyIntolerance[]): AllergyIntolerance | undefined =>
  currentAllergies(all).length === 0 ? all.find((one) => isCurrent(one) && saysNoneKnown(one)) : undefined;

/** What somebody is allergic to, and whether severely. */
export const allergyText = (one: AllergyIntolerance): string => `${allergyName(one)}${isSevere(one) ? ` (${t("allergies.severe")})` : ""}`;

export function Allergies({ loaded }: { loaded: Loaded<Found<AllergyIntolerance>> }) {
  const { value, error } = loaded;
  if (error?.status === 403) return null;
  if (error && !value) return html`<p class="not-known"><span aria-hidden="true">?</span> ${t("allergies.notKnown")}</p>`;
  if (!value) return html`<p class="muted" aria-busy="true">${t("loading")}</p>`;
  const active = currentAllergies(value.resources);
  const asOf = html`<${NotKnown} loaded=${loaded} />`;
  const none = noneKnownIn(value.resources);
  if (none) return html`<p><${Dotted} of=${[t("allergies.noneKnown"), dateOf(none.recordedDate)]} /></p>${asOf}`;
  if (active.length === 0) return html`<p class="muted">${t("allergies.none")}</p>${asOf}`;
  return html`<p class="alert">⚠ ${leading("allergies")} ${listed(active.map(allergyText))}</p>${asOf}`;
}
