/** A patient in one line: name, other names, sex, age, number. */
import type { Patient } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { ageOf, dateOf } from "../platform/clock.ts";
import { nameOf, numberOf, otherNamesOf, sexOf } from "../platform/names.ts";
import { t } from "../platform/texts.ts";

/** See the head of this file. */
export function PersonLine({ patient }: { patient: Patient }) {
  const others = otherNamesOf(patient);
  return html`<span class="person">
    <strong><bdi>${nameOf(patient)}</bdi></strong>
    ${others.length > 0 && html` <bdi class="muted">${others.join(" · ")}</bdi>`}
    <span class="muted"> ${[sexOf(patient.gender), patient.birthDate && `${dateOf(patient.birthDate)} (${ageOf(patient.birthDate)})`].filter(Boolean).join(", ")}</span>
    ${numberOf(patient) && html` <bdi class="number">${numberOf(patient)}</bdi>`}
    ${patient.deceasedBoolean || patient.deceasedDateTime ? html` <span class="tag">† ${t("person.dead")}</span>` : ""}
    ${patient.active === false && html` <span class="tag">${t("person.inactive")}</span>`}
  </span>`;
}
