/** What must be seen first: identity, allergies, whether the patient has died or the record was replaced. */
import { useState } from "preact/hooks";
import { attendingOf, isOpen } from "../../../../../fhir/open-encounters.ts";
import type { Encounter, Location, Patient } from "../../../../../fhir/r4.ts";
import { transferOf } from "../../../../hospitalizations/transfers.contract.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { Dialog } from "../../parts/dialog.ts";
import { later } from "../../parts/later.ts";
import { read } from "../../platform/api.ts";
import { ageOf, dateOf, since } from "../../platform/clock.ts";
import type { Other } from "../../platform/live.ts";
import { useLoad } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { nameOf, numberOf, otherNamesOf, sexOf } from "../../platform/names.ts";
import { replacedBy } from "../../platform/patients.ts";
import { numbersOf } from "../../platform/identity-numbers.ts";
import { kinText } from "../../platform/person-details.ts";
import { hrefOf } from "../../platform/router.ts";
import { joined, leading, listed, spokenAs, t, tIfAny } from "../../platform/texts.ts";
import { presentPlaceOf } from "../../platform/whereabouts.ts";
import { Transfer, TransferTag } from "../ward/transfer.ts";
import { Allergies } from "./allergies.ts";
import { Family } from "./family.ts";
import { LookedAt } from "./looked-at.ts";
import type { Parts } from "./sources.ts";

const AskAdmission = later("admission.ask", () => import("./ask-admission.ts").then((it) => it.AskAdmission));
const DetailsDialog = later("chart.details", () => import("./details.ts").then((it) => it.DetailsDialog));
const NoteAllergy = later("allergy.note", () => import("./note-allergy.ts").then((it) => it.NoteAllergy));
const VitalSigns = later("vitals.note", () => import("./vital-signs.ts").then((it) => it.VitalSigns));
const LabelDialog = later("label.title", () => import("../../parts/label.ts").then((it) => it.LabelDialog));

interface BannerProps {
  patient: Patient;
  parts: Parts;
  /** Who else has this record open. */
  others: Other[];
  reload: () => void;
}

export function Banner({ patient, parts, others, reload }: BannerProps) {
  const [open, setOpen] = useState<"label" | "details" | "admission" | "transfer" | "allergy" | "vitals" | undefined>();
  const { deceasedBoolean, deceasedDateTime, telecom = [], contact = [] } = patient;
  const replacement = replacedBy(patient);
  const current = parts.encounters.value?.resources.find(isOpen);
  const close = () => setOpen(undefined);
  const [born, number] = [patient.birthDate && `${dateOf(patient.birthDate)} (${ageOf(patient.birthDate)})`, numberOf(patient)];
  const numbers = numbersOf(patient);
  return html`<section class="banner" aria-label=${t("chart.banner")}>
    <div>
      <p class="banner-name"><strong><bdi lang=${spokenAs(nameOf(patient))}>${nameOf(patient)}</bdi></strong> ${otherNamesOf(patient).map((name) => html`<bdi key=${name} class="muted" lang=${spokenAs(name)}>${name} </bdi>`)}</p>
      <p><${Dotted} of=${[sexOf(patient.gender), born, number && html`<bdi class="number">${number}</bdi>`, (telecom.find(({ system }) => system === "phone") ?? telecom[0])?.value]} /></p>
      ${numbers.length > 0 && html`<p class="muted"><${Dotted} of=${numbers.map(({ kind, value }) => html`${leading(`number.${kind}`)} <bdi class="number">${value}</bdi>`)} /></p>`}
      ${contact.length > 0 && html`<p class="muted">${leading("kin")} ${listed(contact.map(kinText))}</p>`}
      <${Family} patient=${patient} />
    </div>
    <${Allergies} loaded=${parts.allergies} />
    ${(deceasedBoolean || deceasedDateTime) && html`<p class="tag bad">† ${t("person.dead", { sex: patient.gender ?? "unknown" })} ${dateOf(deceasedDateTime)}</p>`}
    ${replacement && html`<p class="not-known">${t("chart.merged")} <a href=${hrefOf("chart", replacement)}>${t("chart.toMerged")}</a></p>`}
    ${current && html`<p><${Present} encounter=${current} /></p>`}
    <${Others} others=${others} />
    <div class="buttons">
      <button type="button" onClick=${() => setOpen("details")}>${t("chart.details")}</button>
      ${offers("Observation") && html`<button type="button" onClick=${() => setOpen("vitals")}>${t("vitals.note")}</button>`}
      ${offers("AllergyIntolerance") && html`<button type="button" onClick=${() => setOpen("allergy")}>${t("allergy.note")}</button>`}
      ${offers("hospitalizations.request") && current?.class?.code !== "IMP" && html`<button type="button" onClick=${() => setOpen("admission")}>${t("admission.ask")}</button>`}
      ${offers("hospitalizations.admit") && current?.class?.code === "IMP" && html`<button type="button" onClick=${() => setOpen("transfer")}>${t("transfer.ask")}</button>`}
      <${LookedAt} patient=${`Patient/${patient.id}`} />
      <button type="button" onClick=${() => setOpen("label")}>${t("label.title")}</button>
    </div>
    ${open === "admission" && html`<${AskAdmission} patient=${patient} onClose=${close} />`}
    ${open === "transfer" && current && html`<${TransferDialog} stay=${current} name=${nameOf(patient)} onClose=${close} onDone=${parts.encounters.reload} />`}
    ${open === "allergy" && html`<${NoteAllergy} patient=${`Patient/${patient.id}`} recorded=${parts.allergies} onClose=${close} onDone=${parts.allergies.reload} />`}
    ${open === "vitals" && html`<${VitalSigns} patient=${`Patient/${patient.id}`} encounter=${current && `Encounter/${current.id}`} onClose=${close} onDone=${parts.results.reload} />`}
    ${open === "label" && html`<${LabelDialog} patient=${patient} onClose=${close} />`}
    ${open === "details" && html`<${DetailsDialog} patient=${patient} onClose=${close} onStored=${reload} />`}
  </section>`;
}

/** What is in progress, since when, where the patient lies, and the responsible physician. */
function Present({ encounter }: { encounter: Encounter }) {
  const kind = encounter.class?.code === "AMB" ? t("chart.visitSince") : t("chart.staySince");
  const place = presentPlaceOf(encounter);
  const { value } = useLoad(`place ${place}`, () => read<Location>(place ?? ""), 0, place !== undefined);
  const physician = attendingOf(encounter)?.individual?.display;
  return html`<span class="tag">${kind} ${since(encounter.period?.start)}</span> <${TransferTag} transfer=${transferOf(encounter)} />
    <span class="muted"><${Dotted} of=${[value?.name, physician]} /></span>`;
}

/** Transfer of a stay, as from its bed on the board. */
function TransferDialog({ stay, name, onClose, onDone }: { stay: Encounter; name: string; onClose: () => void; onDone: () => void }) {
  return html`<${Dialog} title=${joined(t("transfer"), name)} onClose=${onClose}>
    <${Transfer} stay=${`Encounter/${stay.id}`} name=${name} transfer=${transferOf(stay)} from=${presentPlaceOf(stay)} onClose=${onClose} onDone=${onDone} />
  <//>`;
}

/** Who else has this record open now, so that one can talk to people who write at the same time. */
function Others({ others }: { others: Other[] }) {
  const said = others.map(({ name, roles }) => `${name} (${listed(roles.map((role) => tIfAny(`role.${role}`) ?? role))})`);
  return html`<p class="others" role="status">${said.length > 0 && html`<span aria-hidden="true">◉</span> ${t("chart.others", { who: listed(said) })}`}</p>`;
}
