/** The dispensary: prescriptions to prepare, recent dispenses, and stock. */
import { useState } from "preact/hooks";
import type { MedicationRequest, Patient } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { Dotted } from "../parts/dotted.ts";
import { For } from "../parts/for.ts";
import { type Joined, searchWithPatients, type WithPatient } from "../parts/joined.ts";
import { useMore } from "../parts/more.ts";
import { OfPatient } from "../parts/of-patient.ts";
import { Panel, Partial } from "../parts/panel.ts";
import { PersonLine } from "../parts/person-line.ts";
import { since } from "../platform/clock.ts";
import { useNews } from "../platform/live.ts";
import { dosageWords } from "../platform/dosage-words.ts";
import { useLoad, useTurn } from "../platform/load.ts";
import { medicationText, searchNaming } from "../platform/medications.ts";
import { nameOf } from "../platform/names.ts";
import { countText } from "../platform/shown-values.ts";
import { t } from "../platform/texts.ts";
import { whereaboutsOf } from "../platform/whereabouts.ts";
import { Dispense } from "./dispensary/dispense.ts";
import { HandedOut } from "./dispensary/handed-out.ts";
import { Shelf } from "./dispensary/shelf.ts";
import { toPrepare } from "./dispensary/lots.ts";

type Request = WithPatient<MedicationRequest>;

/** Prescriptions, and where their patients lie. */
interface ToPrepare extends Joined<MedicationRequest> {
  places: Map<string, string>;
}

async function prescribed(query: Record<string, string>): Promise<ToPrepare> {
  const found = await searchWithPatients<MedicationRequest>("MedicationRequest", query, "subject", searchNaming);
  return { ...found, places: await whereaboutsOf(found.all.map(({ of }) => of.subject.reference)) };
}

export default function Dispensary() {
  const live = useNews("types=MedicationDispense,MedicationRequest", () => changed());
  const more = useMore(50, 1_000);
  const [patient, setPatient] = useState<Patient | undefined>();
  const of = patient && { status: "active", intent: "order", subject: `Patient/${patient.id}` };
  const requests = useLoad(
    `to prepare ${patient?.id ?? ""}`,
    () => prescribed({ ...(of ?? toPrepare()), _sort: "authoredon", _count: `${more.count}` }),
    live.everyMs,
  );
  useTurn(requests, more.count);
  const [open, setOpen] = useState<Request | undefined>();
  const [turn, setTurn] = useState(0);
  const changed = () => {
    requests.reload();
    setTurn((before) => before + 1);
  };
  const row = (one: Request, place: string | undefined) => html`<li key=${one.of.id}>
    <span>${place && html`<bdi class="tag place">${place}</bdi> `}${one.patient ? html`<${PersonLine} patient=${one.patient} />` : t("person.notKnown")}<br />
      <bdi>${medicationText(one.of)}</bdi> ${one.of.dispenseRequest?.quantity && html`<bdi class="nowrap">× ${countText(one.of.dispenseRequest.quantity)}</bdi>`}<br />
      <span class="muted"><${Dotted} of=${[dosageWords(one.of.dosageInstruction), html`<span class="nowrap">${since(one.of.authoredOn)}</span>`]} /></span></span>
    <button type="button" onClick=${() => setOpen(one)}>${t("dispense")}<${For} who=${`${medicationText(one.of)}, ${nameOf(one.patient)}`} /></button>
  </li>`;
  const show = ({ all, isPartial, places }: ToPrepare) => html`<${Partial} isPartial=${isPartial} />
    ${all.length === 0 && !isPartial && html`<p class="muted">${t("dispensary.nothingToPrepare")}</p>`}<ul class="list">${all.map((one) => row(one, places.get(one.of.subject.reference ?? "")))}</ul>${more.below(all.length)}`;
  const close = () => setOpen(undefined);
  return html`<${OfPatient} id="dispensary-patient" patient=${patient} onChoose=${setPatient} /><div class="columns">
    <${Panel} title=${t("dispensary.toPrepare")} loaded=${requests} show=${show} />
    <div class="stack"><${HandedOut} turn=${turn} patient=${patient} onChange=${changed} /><${Shelf} turn=${turn} /></div>
  </div>
  ${open && html`<${Dispense} request=${open} onClose=${close} onDone=${changed} />`}`;
}
