/** Wards, rooms and beds: attributes, restrictions, adding, closing and reopening. */
import { useState } from "preact/hooks";
import type { Board, BoardRoom, BoardWard } from "../../../wards/board.contract.ts";
import type { wards as wardsContract } from "../../../wards/wards.contract.ts";
import { html } from "../html.ts";
import { Field } from "../parts/field.ts";
import { Panel } from "../parts/panel.ts";
import { actionsOf } from "../platform/api.ts";
import { useNews } from "../platform/live.ts";
import { useLoad } from "../platform/load.ts";
import { go } from "../platform/router.ts";
import { joined, t } from "../platform/texts.ts";
import { Add } from "./places/add.ts";
import { CloseOrOpen } from "./places/close.ts";
import { Room } from "./places/room.ts";

const wards = actionsOf<typeof wardsContract>("wards");

/** @param argument the id of a ward; absent: the first */
export default function Places({ argument }: { argument?: string }) {
  const live = useNews("types=Location", () => known.reload());
  const known = useLoad("places", () => wards.board({}), live.everyMs);
  const [open, setOpen] = useState<"ward" | "room" | BoardRoom | undefined>();
  const all = known.value?.wards ?? [];
  const ward = all.find(({ location }) => location === `Location/${argument}`) ?? all[0];
  const close = () => setOpen(undefined);
  const show = (_: Board) =>
    ward
      ? html`<${Chosen} all=${all} ward=${ward} onAddRoom=${() => setOpen("room")} onAddBeds=${setOpen} reload=${known.reload} />`
      : html`<p class="muted">${t("ward.none")}</p>`;
  const actions = html`<button type="button" onClick=${() => setOpen("ward")}>${t("places.newWard")}</button>`;
  return html`<${Panel} title=${t("places.wards")} loaded=${known} show=${show} actions=${actions} />
    ${open !== undefined && html`<${Add} what=${open} ward=${ward} onClose=${close} onDone=${known.reload} />`}`;
}

interface ChosenProps {
  all: BoardWard[];
  ward: BoardWard;
  onAddRoom: () => void;
  onAddBeds: (room: BoardRoom) => void;
  reload: () => void;
}

function Chosen({ all, ward, onAddRoom, onAddBeds, reload }: ChosenProps) {
  const options = all.map(({ location, name, status }): [string, string] => [
    location,
    status === "closed" ? joined(name, t("bed.closed")) : name,
  ]);
  return html`<div class="inline-fields">
      <${Field} label=${t("ward.which")} name="places-ward" value=${ward.location} onValue=${(location: string) => go("places", location)} options=${options} />
      <button type="button" onClick=${onAddRoom} disabled=${ward.status === "closed"}>${t("places.newRoom")}</button>
      <${CloseOrOpen} key=${ward.location} place=${ward} name=${ward.name} isClosed=${ward.status === "closed"} reload=${reload} />
    </div>
    ${ward.status === "closed" && html`<p class="not-known">${t("ward.closed")}</p>`}
    ${ward.rooms.length === 0 && html`<p class="muted">${t("ward.noBeds")}</p>`}
    ${ward.rooms.map((room) => html`<${Room} key=${room.location} room=${room} ward=${ward} onAddBeds=${() => onAddBeds(room)} reload=${reload} />`)}`;
}
