/** A patient in one line: name, other names, sex, age, number. */
import type { Patient } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { ageOf, dateOf } from "../platform/clock.ts";
import { nameOf, numberOf, otherNamesOf, sexOf } from "../platform/names.ts";
import { joined, spokenAs, t } from "../platform/texts.ts";

export function PersonLine({ patient }: { patient: Patient }) {
  const others = otherNamesOf(patient);
  const number = numberOf(patient);
  const age = patient.birthDate && `${dateOf(patient.birthDate)} (${ageOf(patient.birthDate)})`;
  const facts = [sexOf(patient.gender), age, number && html`<bdi class="number">${number}</bdi>`].filter(Boolean);
  return html`<span class="person">
    <strong><bdi lang=${spokenAs(nameOf(patient))}>${nameOf(patient)}</bdi></strong>
    ${others.length > 0 && html` <bdi class="muted" lang=${spokenAs(others.join())}>${joined(...others)}</bdi>${facts.length > 0 && html`<span class="muted">\u00a0·</span>`}`}
    <span class="muted"> ${facts.map((fact, index) => html`<span key=${index} class="nowrap">${fact}${index < facts.length - 1 && "\u00a0·"}</span> `)}</span>
    ${patient.deceasedBoolean || patient.deceasedDateTime ? html` <span class="tag">† ${t("person.dead", { sex: patient.gender ?? "unknown" })}</span>` : ""}
    ${patient.active === false && html` <span class="tag">${t("person.inactive")}</span>`}
  </span>`;
}
