/** A patient of a ward as a heading of the round: the bed, who it is with a link to the chart, allergies. */
import type { Patient } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { hrefOf } from "../../platform/router.ts";
import { listed, t } from "../../platform/texts.ts";

/** Where a patient of a ward lies. */
export interface Place {
  /** "": in the ward without a bed. */
  bed: string;
  allergies: string[];
  /** When the stay began, ISO 8601. */
  since: string;
}

interface PlacedPatientProps {
  /** "Patient/…" */
  reference: string;
  patient: Patient | undefined;
  place: Place | undefined;
}

export function PlacedPatient({
  reference,
  patient,
  place: { bed = "", allergies = [] } = { bed: "", allergies: [], since: "" },
}: PlacedPatientProps) {
  return html`<h3>${bed && html`<bdi class="tag">${bed}</bdi> `}<a href=${hrefOf("chart", reference)}>${patient ? html`<${PersonLine} patient=${patient} />` : t("person.notKnown")}</a>${allergies.length > 0 && html` <span class="tag bad">⚠ ${listed(allergies)}</span>`}</h3>`;
}
