/** The table of a hand-over list: a row for each patient; on paper its head, with ward and time, stands on each sheet. */
import type { Patient, Practitioner } from "../../../../../fhir/r4.ts";
import type { Board, BoardPart, BoardStay, BoardWard } from "../../../../wards/board.contract.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { For } from "../../parts/for.ts";
import { Wide } from "../../parts/wide.ts";
import { dateOf, momentOf, now } from "../../platform/clock.ts";
import { useOrganization } from "../../platform/letterhead.ts";
import type { Loaded } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { nameOf, numberOf } from "../../platform/names.ts";
import { isIn } from "../../platform/own-ward.ts";
import { hrefOf } from "../../platform/router.ts";
import { person } from "../../platform/sign-in.ts";
import { joined, leading, listed, t, type TextKey } from "../../platform/texts.ts";
import { Waits, Who } from "./bed.ts";
import { type LatestNotes, type Note, NoteText } from "./hand-over-notes.ts";
import type { WardPatient } from "./ward-patients.ts";
import { calledIn } from "./move.ts";

const HEADS: readonly TextKey[] = ["places.bed", "chart.banner", "encounter.IMP", "handOver.watch", "ward.handOvers"];
/** An older note is not of the last shift. */
const SHIFT_HOURS = 12;
/** Parts of the board that a row says are unknown. */
const SAID: readonly BoardPart[] = ["diagnoses", "allergies", "isolation", "results", "doses", "requests"];

interface HandOverTableProps {
  board: Board;
  ward: BoardWard;
  /** All wards, for the names of places. */
  wards: BoardWard[];
  patients: WardPatient[];
  notes: Loaded<LatestNotes>;
  /** Records by reference; absent: not known yet. */
  records: ReadonlyMap<string, Patient | Practitioner> | undefined;
  onWrite: (one: WardPatient) => void;
}

/** Number of patients; "" if there are none, or it is unknown. */
export const patientCount = ({ unknown }: Board, patients: WardPatient[]): string =>
  patients.length === 0 || unknown.includes("stays") ? "" : t("handOver.count", { n: patients.length });

const NotKnownShort = () => html`<span class="not-known"><span aria-hidden="true">?</span> ${t("notKnown.short")}</span>`;

export function HandOverTable({ board, ward, wards, patients, notes, records, onWrite }: HandOverTableProps) {
  const { value: organization } = useOrganization();
  const printed = t("print.at", { at: momentOf(new Date(now.value).toISOString()) });
  const count = patientCount(board, patients);
  const unknown = SAID.filter((part) => board.unknown.includes(part) || board.hidden.includes(part));
  const mayWrite = offers("hospitalizations.handOver");
  const goesTo = ({ transfer }: BoardStay) =>
    transfer && transfer.status !== "denied" ? wards.find((other) => isIn(other, transfer.to))?.name : undefined;
  const row = (one: WardPatient) => {
    const { key, place, stay } = one;
    if (!stay) {
      return html`<tr key=${key}><th scope="row"><bdi>${place}</bdi></th><td colspan=${HEADS.length}><${NotKnownShort} /></td></tr>`;
    }
    const physician = records?.get(stay.physician ?? "") as Practitioner | undefined;
    return html`<tr key=${key}><th scope="row"><bdi>${place}</bdi></th>
      <td><${WhoLies} stay=${stay} record=${records?.get(stay.patient) as Patient | undefined} /></td>
      <td><${Why} stay=${stay} physician=${physician} /></td>
      <td><${ToWatch} stay=${stay} goesTo=${goesTo(stay)} unknown=${unknown} /></td>
      <td data-label=${t("ward.handOvers")}><${HandedOver} stay=${stay} notes=${notes} /></td>
      <td class="no-print">${mayWrite && html`<button type="button" onClick=${() => onWrite(one)}>${t("ward.handOver")}<${For} who=${calledIn(stay)} /></button>`}</td></tr>`;
  };
  return html`<${Wide} label=${t("handOver.list")}><table class="stacked hand-over" aria-busy=${notes.isLoading}>
    <thead>
      <tr class="on-paper"><td colspan=${HEADS.length}><${Dotted} of=${[organization?.name, html`<strong><bdi>${ward.name}</bdi></strong>`, count, printed, person.value?.name]} /></td></tr>
      <tr>${HEADS.map((head) => html`<th key=${head} scope="col">${t(head)}</th>`)}<td class="no-print"></td></tr>
    </thead>
    <tbody>${patients.map(row)}</tbody>
  </table><//>`;
}

function WhoLies({ stay, record }: { stay: BoardStay; record: Patient | undefined }) {
  const number = record && numberOf(record);
  return html`<a href=${hrefOf("chart", stay.patient)}><${Who} person=${stay} /></a>
    <div class="muted"><${Dotted} of=${[dateOf(stay.birthDate), number && html`<bdi class="number">${number}</bdi>`]} /></div>`;
}

function Why({ stay, physician }: { stay: BoardStay; physician: Practitioner | undefined }) {
  const unnamed = stay.physician ? t("notKnown.short") : t("ward.noPhysician");
  return html`<${Dotted} of=${[html`<span class="nowrap">${t("ward.day", { n: stay.days + 1 })}</span>`, stay.diagnosis]} />
    <div class="muted">${leading("ward.physician")} <bdi>${stay.physicianName ?? (physician ? nameOf(physician) : unnamed)}</bdi></div>`;
}

/** Dangers, and what waits; what is unknown of that is said. */
function ToWatch({ stay, goesTo, unknown }: { stay: BoardStay; goesTo: string | undefined; unknown: BoardPart[] }) {
  const { allergies, isolation, leave } = stay;
  const isFree = allergies.length === 0 && !unknown.includes("allergies");
  return html`<span class="bed-tags">
    ${allergies.length > 0 && html`<span class="tag bad">⚠ ${listed(allergies)}</span>`}
    ${isFree && html`<span class="muted">${t("allergies.none")}</span>`}
    ${isolation && html`<span class="tag bad">⊘ ${isolation}</span>`}
    ${leave && html`<span class="tag">${joined(t("encounter.status.onleave"), momentOf(leave.since))}</span>`}
    <${Waits} stay=${stay} />${goesTo && html`<span>${t("transfer.to", { ward: goesTo })}</span>`}
    ${unknown.length > 0 && html`<span class="not-known"><span aria-hidden="true">?</span> ${joined(listed(unknown.map((part) => t(`board.${part}`))), t("notKnown.short"))}</span>`}
  </span>`;
}

const isOld = ({ at }: Note): boolean => at !== undefined && now.value - Date.parse(at) > SHIFT_HOURS * 3_600_000;

/** The latest note. */
function HandedOver({ stay, notes: { value, isLoading } }: { stay: BoardStay; notes: Loaded<LatestNotes> }) {
  const note = value?.byStay.get(stay.stay);
  const isNone = value?.without.has(stay.stay);
  const isUnknown = !note && !isNone && !isLoading;
  return html`${note && html`<${NoteText} note=${note} /> ${isOld(note) && html`<span class="tag warn">${t("handOver.old", { n: SHIFT_HOURS })}</span>`}`}
    ${isNone && html`<span class="muted">${t("ward.noHandOver")}</span>`}
    ${isUnknown && html`<${NotKnownShort} />`}`;
}
