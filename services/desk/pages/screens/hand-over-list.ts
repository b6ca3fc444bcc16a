/** The hand-over list of a ward, for the change of shift: each patient with what the next shift must know; on paper, too. */
import { useEffect, useState } from "preact/hooks";
import type { Board, BoardWard } from "../../../wards/board.contract.ts";
import { html } from "../html.ts";
import { Dialog } from "../parts/dialog.ts";
import { NotKnown, Unknown } from "../parts/panel.ts";
import { WardChoice } from "../parts/ward-choice.ts";
import { useNews } from "../platform/live.ts";
import { useLoad, useTurn } from "../platform/load.ts";
import { offers } from "../platform/menu.ts";
import { useAllWards, wardOf } from "../platform/own-ward.ts";
import { go, hrefOf } from "../platform/router.ts";
import { joined, t } from "../platform/texts.ts";
import { Who } from "./ward/bed.ts";
import { HandOver } from "./ward/hand-over.ts";
import { patientCount, HandOverTable } from "./ward/hand-over-table.ts";
import { recordsFor, type WardPatient, wardPatientsOf } from "./ward/ward-patients.ts";
import { latestNotesOf } from "./ward/hand-over-notes.ts";
import { AsOf, useBoard } from "./ward/live-board.ts";
import { calledIn } from "./ward/move.ts";

/** @param argument the id of a ward; absent: the own one */
export default function HandOverList({ argument }: { argument?: string }) {
  const all = useAllWards();
  const ward = wardOf(all.value?.wards ?? [], argument === undefined ? undefined : `Location/${argument}`);
  if (!all.value) return all.isLoading ? html`<p class="muted" aria-busy="true">${t("loading")}</p>` : html`<${NotKnown} loaded=${all} />`;
  if (!ward) return html`<p class="muted">${t("ward.none")}</p>`;
  return html`<${OfWard} key=${ward.location} ward=${ward.location} wards=${all.value.wards} />`;
}

function OfWard({ ward, wards }: { ward: string; wards: BoardWard[] }) {
  const board = useBoard(ward);
  const [isBusy, setBusy] = useState(true);
  const shown = board.value?.wards[0];
  const patients = shown ? wardPatientsOf(shown) : [];
  const printWhole = () => isBusy || print(); // what is missing on paper is not asked for again
  return html`<div class="ward-bar no-print">
      <${WardChoice} id="hand-over-ward" ward=${ward} wards=${wards} onChoose=${(location: string) => go("hand-over", location)} />
      <${AsOf} board=${board} />
      ${board.value && html`<span>${patientCount(board.value, patients)}</span>`}
      <a class="button" href=${hrefOf("ward", ward)}>${t("ward")}</a>
      ${patients.length > 0 && html`<button type="button" aria-disabled=${isBusy} onClick=${printWhole}>${t("print")}</button>`}
    </div>
    <${NotKnown} loaded=${board} />
    ${board.value && html`<${Unknown} parts=${board.value.unknown} />`}
    ${shown ? html`<${Patients} board=${board.value as Board} ward=${shown} wards=${wards} patients=${patients} onBusy=${setBusy} />` : board.isLoading && html`<p class="muted" aria-busy="true">${t("loading")}</p>`}`;
}

interface PatientsProps {
  board: Board;
  ward: BoardWard;
  /** All wards. */
  wards: BoardWard[];
  patients: WardPatient[];
  /** Told whether something that belongs on the paper is still to come. */
  onBusy: (isBusy: boolean) => void;
}

/** The patients of a ward, with the latest note about each. */
function Patients({ board, ward, wards, patients, onBusy }: PatientsProps) {
  const [open, setOpen] = useState<WardPatient | undefined>();
  const mayRead = offers("see Communication");
  const live = useNews(`types=${mayRead ? "Communication" : "Encounter"}`, () => notes.reload());
  const stays = patients.flatMap(({ stay }) => stay?.stay ?? []);
  const notes = useLoad("latest hand-overs", () => latestNotesOf(stays), live.everyMs, mayRead);
  const records = useLoad("records for the hand-over", () => recordsFor(patients), live.everyMs);
  useTurn(notes, stays.join());
  useTurn(records, stays.join());
  const close = () => setOpen(undefined);
  const done = () => {
    close();
    notes.reload();
  };
  const isBusy = notes.isLoading || records.isLoading;
  useEffect(() => onBusy(isBusy), [isBusy]);
  if (patients.length === 0) return board.unknown.includes("stays") ? null : html`<p class="muted">${t("handOver.nobody")}</p>`;
  return html`<${NotKnown} loaded=${notes} />
    <${HandOverTable} board=${board} ward=${ward} wards=${wards} patients=${patients} notes=${notes} records=${records.value} onWrite=${setOpen} />
    ${
      open?.stay &&
      html`<${Dialog} title=${joined(open.place, calledIn(open.stay))} onClose=${close}>
      <p><${Who} person=${open.stay} /></p>
      <${HandOver} stay=${open.stay} onDone=${done} />
    <//>`
    }`;
}
