/** Medication without a schedule: given as needed, or at times that are only in words. When each was given last and may be given next, and a record of that dose. */
import { useState } from "preact/hooks";
import type { MedicationRequest, Patient } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { For } from "../../parts/for.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { day } from "../../platform/clock.ts";
import { dosageWords } from "../../platform/dosage-words.ts";
import { useNews } from "../../platform/live.ts";
import { useLoad } from "../../platform/load.ts";
import { medicationText, searchNaming } from "../../platform/medications.ts";
import { nameOf } from "../../platform/names.ts";
import { t } from "../../platform/texts.ts";
import { DoseDialog, type DoseToNote } from "./dose.ts";
import { type Given, givenBy, LastGiven } from "./last-given.ts";
import { type Place, PlacedPatient } from "./placed-patient.ts";
import { doseOf, isUnscheduled } from "./unscheduled.ts";

/** Age up to which prescriptions count, as for doses that are due. Days. */
const MAX_DAYS = 92;
/** Limit of the prescriptions of a ward. */
const MAX_FOUND = "1000";

interface Known extends Given {
  all: MedicationRequest[];
}

/** @param places of the patients; a prescription whose units are all handed out is still given in the stay in which it was written */
async function unscheduledOf(places: Map<string, Place>): Promise<Known> {
  const patient = [...places.keys()].join(",");
  if (patient === "") return { all: [], by: new Map(), isPartial: false };
  const asked = { patient, status: "active,completed", authoredon: `ge${day(MAX_DAYS)}`, _sort: "-authoredon", _count: MAX_FOUND };
  const requests = await searchNaming<MedicationRequest>("MedicationRequest", asked);
  const isInUse = (one: MedicationRequest) =>
    one.status === "active" || Date.parse(one.authoredOn ?? "") >= Date.parse(places.get(one.subject.reference ?? "")?.since ?? "");
  const order = [...places.keys()];
  const orderOf = ({ subject }: MedicationRequest) => order.indexOf(subject.reference ?? "");
  const all = requests.resources.filter((one) => isUnscheduled(one) && isInUse(one)).sort((a, b) => orderOf(a) - orderOf(b));
  const { by, isPartial } = await givenBy(all);
  return { all, by, isPartial: isPartial || requests.isPartial || requests.hasMore };
}

interface AsNeededProps {
  /** Of the patients of a ward, "Patient/…", by their references. */
  places: Map<string, Place>;
  patients: Map<string, Patient>;
}

export function AsNeeded({ places, patients }: AsNeededProps) {
  const live = useNews("types=MedicationAdministration,MedicationRequest", () => known.reload());
  const known = useLoad(`as needed ${[...places.keys()].join()}`, () => unscheduledOf(places), live.everyMs);
  const [open, setOpen] = useState<DoseToNote | undefined>();
  const row = (one: MedicationRequest, { by }: Known) =>
    html`<li key=${one.id}><span><strong><bdi>${medicationText(one)}</bdi></strong> <bdi>${dosageWords(one.dosageInstruction)}</bdi>
      <br /><${LastGiven} of=${one} given=${by.get(`MedicationRequest/${one.id}`) ?? []} /></span>
      <span class="buttons"><button type="button" onClick=${() => setOpen(doseOf(one))}>${t("round.note")}<${For} who=${`${medicationText(one)}, ${nameOf(patients.get(one.subject.reference ?? ""))}`} /></button></span></li>`;
  const show = (value: Known) => html`<${Partial} isPartial=${value.isPartial} />
    ${value.all.length === 0 && !value.isPartial && html`<p class="muted">${t("round.asNeeded.none")}</p>`}
    ${[...Map.groupBy(value.all, ({ subject }) => subject.reference ?? "")].map(
      ([reference, theirs]) =>
        html`<section key=${reference} aria-label=${nameOf(patients.get(reference))}><${PlacedPatient} reference=${reference} patient=${patients.get(reference)} place=${places.get(reference)} /><ul class="list">${theirs.map((one) => row(one, value))}</ul></section>`,
    )}`;
  return html`<${Panel} title=${t("round.asNeeded")} loaded=${known} show=${show} />
    ${open && html`<${DoseDialog} dose=${open} patient=${patients.get(open.patient)} allergies=${places.get(open.patient)?.allergies ?? []} onClose=${() => setOpen(undefined)} onDone=${known.reload} />`}`;
}
