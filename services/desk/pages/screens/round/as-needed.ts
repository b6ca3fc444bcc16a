/** Medication without a schedule: given as needed, or at times that are only in words. When each was given last, and a record of the next dose. */
import { useState } from "preact/hooks";
import type { MedicationAdministration, MedicationRequest, Patient } from "../../../../../fhir/r4.ts";
import { isMistake } from "../../../../../fhir/clinical-status.ts";
import { DoseOutcome } from "../../../../pharmacy/doses.contract.ts";
import { html } from "../../html.ts";
import { For } from "../../parts/for.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { day, momentOf } from "../../platform/clock.ts";
import { dosageWords } from "../../platform/dosage-words.ts";
import { useNews } from "../../platform/live.ts";
import { useLoad } from "../../platform/load.ts";
import { medicationText, searchNaming } from "../../platform/medications.ts";
import { nameOf } from "../../platform/names.ts";
import { t } from "../../platform/texts.ts";
import { DoseDialog, type DoseToNote } from "./dose.ts";
import { outcomeOf } from "./dose-outcome.ts";
import { type Place, PlacedPatient } from "./placed-patient.ts";
import { doseOf, isUnscheduled } from "./unscheduled.ts";

/** Age up to which prescriptions count, as for doses that are due; and how far back the last dose is looked for. Days. */
const [MAX_DAYS, LAST_DAYS] = [92, 7];
/** Limit of each search: of the prescriptions, and of the doses, of a ward. */
const MAX_FOUND = "1000";

interface Known {
  all: MedicationRequest[];
  /** When each was given last, by prescription. */
  last: Map<string, string>;
  isPartial: boolean;
}

/** @param places of the patients; a prescription whose units are all handed out is still given in the stay in which it was written */
async function unscheduledOf(places: Map<string, Place>): Promise<Known> {
  const patient = [...places.keys()].join(",");
  if (patient === "") return { all: [], last: new Map(), isPartial: false };
  const status = "active,completed";
  const [requests, doses] = await Promise.all([
    searchNaming<MedicationRequest>("MedicationRequest", { patient, status, authoredon: `ge${day(MAX_DAYS)}`, _count: MAX_FOUND }),
    searchNaming<MedicationAdministration>("MedicationAdministration", {
      patient,
      "effective-time": `ge${day(LAST_DAYS)}`,
      _sort: "effective-time",
      _count: MAX_FOUND,
    }),
  ]);
  const isInUse = (one: MedicationRequest) =>
    one.status === "active" || Date.parse(one.authoredOn ?? "") >= Date.parse(places.get(one.subject.reference ?? "")?.since ?? "");
  const given = doses.resources.filter((one) => !isMistake(one) && outcomeOf(one) === DoseOutcome.given);
  return {
    all: requests.resources.filter((one) => isUnscheduled(one) && isInUse(one)),
    last: new Map(given.map((one) => [one.request?.reference ?? "", one.effectiveDateTime ?? ""])),
    isPartial: requests.isPartial || doses.isPartial || requests.hasMore || doses.hasMore,
  };
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
  const row = (one: MedicationRequest, { last }: Known) => {
    const at = last.get(`MedicationRequest/${one.id}`);
    return html`<li key=${one.id}><span><strong><bdi>${medicationText(one)}</bdi></strong> <bdi>${dosageWords(one.dosageInstruction)}</bdi></span>
      <span class="buttons"><span class="muted">${at === undefined ? t("round.notGivenYet") : t("round.lastGiven", { at: momentOf(at) })}</span>
      <button type="button" onClick=${() => setOpen(doseOf(one))}>${t("round.note")}<${For} who=${`${medicationText(one)}, ${nameOf(patients.get(one.subject.reference ?? ""))}`} /></button></span></li>`;
  };
  const show = (value: Known) => html`<${Partial} isPartial=${value.isPartial} />
    ${value.all.length === 0 && !value.isPartial && html`<p class="muted">${t("round.asNeeded.none")}</p>`}
    ${[...Map.groupBy(value.all, ({ subject }) => subject.reference ?? "")].map(
      ([reference, theirs]) =>
        html`<section key=${reference} aria-label=${nameOf(patients.get(reference))}><${PlacedPatient} reference=${reference} patient=${patients.get(reference)} place=${places.get(reference)} /><ul class="list">${theirs.map((one) => row(one, value))}</ul></section>`,
    )}`;
  return html`<${Panel} title=${t("round.asNeeded")} loaded=${known} show=${show} />
    ${open && html`<${DoseDialog} dose=${open} patient=${patients.get(open.patient)} allergies=${places.get(open.patient)?.allergies ?? []} onClose=${() => setOpen(undefined)} onDone=${known.reload} />`}`;
}
