/** The ward board: patients by bed, pending work, and actions; changes by others appear as they happen. */
import { useState } from "preact/hooks";
import type { Board, BoardBed, BoardWard } from "../../../wards/board.contract.ts";
import { html } from "../html.ts";
import { NotKnown, Unknown } from "../parts/panel.ts";
import { WardChoice } from "../parts/ward-choice.ts";
import { chooseWard, useAllWards, wardOf } from "../platform/own-ward.ts";
import { go, hrefOf } from "../platform/router.ts";
import { t } from "../platform/texts.ts";
import { Beds } from "./ward/beds.ts";
import { BED_FILTERS, type BedFilter } from "./ward/filter.ts";
import { AsOf, useBoard } from "./ward/live-board.ts";

/** @param argument the id of a ward; absent: the own one @param part initial filter of its beds */
export default function Ward({ argument, part }: { argument?: string; part?: string }) {
  const all = useAllWards();
  const known = wardOf(all.value?.wards ?? [], argument === undefined ? undefined : `Location/${argument}`)?.location;
  if (all.value && all.value.wards.length === 0) return html`<p>${t("ward.none")}</p>`;
  if (known === undefined) {
    return html`<${NotKnown} loaded=${all} />${all.isLoading && html`<p class="muted" aria-busy="true">${t("loading")}</p>`}`;
  }
  return html`<${OneWard} key=${known} ward=${known} names=${all.value?.wards ?? []} part=${part} />`;
}

function OneWard({ ward, names, part }: { ward: string; names: BoardWard[]; part?: string }) {
  const [filter, setFilter] = useState<BedFilter>(BED_FILTERS.find((one) => one === part) ?? "all");
  const board = useBoard(ward);
  const choose = (location: string) => {
    chooseWard(location);
    go("ward", location);
  };
  const shown = board.value?.wards[0];
  return html`<div class="ward-bar">
      <${WardChoice} id="ward" ward=${ward} wards=${names} onChoose=${choose} />
      <span class="choice"><label for="bed-filter">${t("filter")}</label>
      <select id="bed-filter" value=${filter} onChange=${({ currentTarget }: { currentTarget: HTMLSelectElement }) => setFilter(currentTarget.value as BedFilter)}>
        ${BED_FILTERS.map((one) => html`<option key=${one} value=${one}>${t(`filter.${one}`)}</option>`)}
      </select></span>
      ${shown && html`<${Numbers} ward=${shown} />`}
      <${AsOf} board=${board} />
      <a class="button no-print" href=${hrefOf("hand-over", ward)}>${t("handOver.list")}</a>
    </div>
    <${NotKnown} loaded=${board} />
    ${board.value && html`<${Unknown} parts=${board.value.unknown} />`}
    ${shown?.status === "closed" && html`<p class="not-known">${t("ward.closed")}</p>`}
    ${shown ? html`<${Beds} board=${board.value as Board} ward=${shown} filter=${filter} reload=${board.reload} />` : board.isLoading && html`<p class="muted" aria-busy="true">${t("loading")}</p>`}`;
}

/** Free, occupied, to be cleaned, closed: in words, not only by colour. */
function Numbers({ ward }: { ward: BoardWard }) {
  const beds = ward.rooms.flatMap(({ beds }) => beds);
  const isToClean = ({ cleaning }: BoardBed) => cleaning !== undefined && cleaning !== "clean";
  const statusOf = (bed: BoardBed) => (bed.status === "closed" && isToClean(bed) ? "dirty" : bed.status);
  const of = (status: string) => beds.filter((bed) => statusOf(bed) === status).length;
  return html`<span class="numbers">${(["free", "taken", "dirty", "closed"] as const).filter((status) => of(status) > 0).map((status) => html`<span key=${status} class="tag ${status}">${t(`bed.count.${status}`, { n: of(status) })}</span>`)}</span>`;
}
