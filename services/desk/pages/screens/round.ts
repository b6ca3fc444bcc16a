/** The medication round: doses that are due in a ward, and their outcomes. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../fhir/r4.ts";
import type { DueDose } from "../../../pharmacy/doses.contract.ts";
import type { pharmacy as pharmacyContract } from "../../../pharmacy/pharmacy.contract.ts";
import type { BoardWard } from "../../../wards/board.contract.ts";
import type { wards as wardsContract } from "../../../wards/wards.contract.ts";
import { html } from "../html.ts";
import { For } from "../parts/for.ts";
import { NotKnown, Panel } from "../parts/panel.ts";
import { WardChoice } from "../parts/ward-choice.ts";
import { actionsOf, readAll } from "../platform/api.ts";
import { timeOf } from "../platform/clock.ts";
import { useNews } from "../platform/live.ts";
import { useLoad } from "../platform/load.ts";
import { dueText } from "../platform/medications.ts";
import { nameOf } from "../platform/names.ts";
import { useAllWards, wardOf } from "../platform/own-ward.ts";
import { go } from "../platform/router.ts";
import { routeText } from "../platform/routes.ts";
import { quantityOf } from "../platform/shown-values.ts";
import { joined, t } from "../platform/texts.ts";
import { later } from "../parts/later.ts";
import { AsNeeded } from "./round/as-needed.ts";
import { DoseDialog } from "./round/dose.ts";
import { type Place, PlacedPatient } from "./round/placed-patient.ts";

const NotedDoses = later("round.noted", () => import("./round/noted-doses.ts").then((it) => it.NotedDoses));

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");
const wards = actionsOf<typeof wardsContract>("wards");
/** How long before they are due doses are shown, minutes: the round starts before the hour. */
const AHEAD_MINUTES = 60;

interface Due {
  doses: DueDose[];
  patients: Map<string, Patient>;
  /** By patient. */
  places: Map<string, Place>;
  /** Whether what is known of allergies may be too little. */
  hasUnknownAllergies: boolean;
}

/** @param argument the id of a ward; absent: the own */
export default function Round({ argument }: { argument?: string }) {
  const all = useAllWards();
  const ward = wardOf(all.value?.wards ?? [], argument === undefined ? undefined : `Location/${argument}`);
  if (!all.value) return all.isLoading ? html`<p class="muted" aria-busy="true">${t("loading")}</p>` : html`<${NotKnown} loaded=${all} />`;
  if (!ward) return html`<p class="muted">${t("ward.none")}</p>`;
  return html`<div class="ward-bar"><${WardChoice} id="round-ward" ward=${ward.location} wards=${all.value.wards} onChoose=${(location: string) => go("round", location)} /></div>
    <${Doses} key=${ward.location} ward=${ward} />`;
}

async function dueIn(ward: BoardWard): Promise<Due> {
  const [doses, board] = await Promise.all([
    pharmacy.due({ ward: ward.location, aheadMinutes: AHEAD_MINUTES }),
    wards.board({ ward: ward.location }),
  ]);
  const places = new Map<string, Place>();
  for (const { rooms, withoutBed } of board.wards) {
    for (const { patient, allergies, admittedAt } of withoutBed) places.set(patient, { bed: "", allergies, since: admittedAt });
    for (const { name: room, beds } of rooms) {
      for (const { stay, name } of beds) {
        if (stay) places.set(stay.patient, { bed: joined(room, name), allergies: stay.allergies, since: stay.admittedAt });
      }
    }
  }
  const patients = await readAll<Patient>([...doses.map(({ patient }) => patient), ...places.keys()]);
  // A patient who is not on the board may have come, or gone, between the two answers.
  const hasUnknownAllergies = board.unknown.includes("allergies") || doses.some(({ patient }) => !places.has(patient));
  return { doses, patients, places, hasUnknownAllergies };
}

function Doses({ ward }: { ward: BoardWard }) {
  const live = useNews("types=Encounter,MedicationAdministration,MedicationRequest", () => due.reload());
  const due = useLoad(`due ${ward.location}`, () => dueIn(ward), live.everyMs);
  const [open, setOpen] = useState<DueDose | "noted" | undefined>();
  const lying = [...(due.value?.places.keys() ?? [])];
  const dose = (one: DueDose, patient: Patient | undefined) => html`<li key=${`${one.prescription} ${one.dueAt}`}>
    <span><strong><bdi>${dueText(one)}</bdi></strong> ${one.dose ? quantityOf(one.dose) : html`<bdi>${one.dosage}</bdi>`} <bdi class="muted">${routeText(one.route)}</bdi></span>
    <span class="buttons"><time datetime=${one.dueAt}>${timeOf(one.dueAt)}</time> ${one.isLate && html`<span class="tag bad">${t("round.late")}</span>`}
    <button type="button" onClick=${() => setOpen(one)}>${t("round.note")}<${For} who=${`${dueText(one)}, ${nameOf(patient)}, ${timeOf(one.dueAt)}`} /></button></span></li>`;
  const show = ({
    doses,
    patients,
    places,
    hasUnknownAllergies,
  }: Due) => html`<p class="muted" role="status">${t("round.count", { n: doses.length })}</p>
    ${hasUnknownAllergies && doses.length > 0 && html`<p class="not-known"><span aria-hidden="true">?</span> ${t("allergies.notKnown")}</p>`}
    ${[...Map.groupBy(doses, ({ patient }) => patient)].map(([reference, theirs]) => {
      const patient = patients.get(reference);
      return html`<section key=${reference} aria-label=${nameOf(patient)}><${PlacedPatient} reference=${reference} patient=${patient} place=${places.get(reference)} /><ul class="list">${theirs.map((one) => dose(one, patient))}</ul></section>`;
    })}`;
  const close = () => setOpen(undefined);
  const actions = html`<button type="button" onClick=${() => setOpen("noted")}>${t("round.noted")}</button>`;
  return html`<${Panel} title=${t("round.due")} loaded=${due} show=${show} actions=${actions} />
    ${due.value && html`<${AsNeeded} places=${due.value.places} patients=${due.value.patients} />`}
    ${open === "noted" && html`<${NotedDoses} patients=${lying} onClose=${close} onDone=${due.reload} />`}
    ${typeof open === "object" && html`<${DoseDialog} dose=${open} patient=${due.value?.patients.get(open.patient)} allergies=${due.value?.places.get(open.patient)?.allergies ?? []} onClose=${close} onDone=${due.reload} />`}`;
}
