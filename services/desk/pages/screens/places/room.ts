/** One room with its beds: restrictions, and the attributes of each bed. */
import { useState } from "preact/hooks";
import type { BoardBed, BoardRoom, BoardWard } from "../../../../wards/board.contract.ts";
import type { wards as wardsContract } from "../../../../wards/wards.contract.ts";
import { html } from "../../html.ts";
import { For } from "../../parts/for.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { Wide } from "../../parts/wide.ts";
import { actionsOf } from "../../platform/api.ts";
import { roomText } from "../../platform/names.ts";
import { takeBackVersion } from "../../platform/taken-back.ts";
import { joined, t } from "../../platform/texts.ts";
import { stateOf } from "../ward/move.ts";
import { CloseOrOpen } from "./close.ts";
import { Attributes, Describe, type Described } from "./describe.ts";

const wards = actionsOf<typeof wardsContract>("wards");
const SEXES = ["any", "female", "male"] as const;
type Sex = (typeof SEXES)[number];

interface RoomProps {
  room: BoardRoom;
  ward: BoardWard;
  onAddBeds: () => void;
  reload: () => void;
}

export function Room({ room, ward, onAddBeds, reload }: RoomProps) {
  const [open, setOpen] = useState<(Described & { name: string }) | undefined>();
  const name = joined(ward.name, room.name);
  /** What was stored here last: the page may not have read it again when it is changed once more. */
  const [own, setOwn] = useState({ version: 0, sex: "any" as Sex });
  const { version: read, sex: before }: typeof own = own.version > room.version ? own : { version: room.version, sex: room.sex ?? "any" };
  const setSex = async (sex: Sex) => {
    try {
      const { version } = await wards.describe({ location: room.location, version: read, sex });
      setOwn({ version, sex });
      say(t("places.isFor", { name, who: t(`places.for.${sex}`) }), () =>
        takeBackVersion(room.location, { before: read, stored: version }, (now) =>
          wards.describe({ location: room.location, version: now, sex: before }),
        ).then(reload),
      );
    } catch (error) {
      sayFault(error);
    }
    reload();
  };
  const isClosed = room.status === "closed";
  const id = `sex-${room.location.split("/")[1]}`;
  const row = (bed: BoardBed) => html`<tr key=${bed.location}>
    <th scope="row"><bdi>${bed.name}</bdi></th>
    <td><${Attributes} own=${bed.own ?? bed.attributes} ofRoom=${room.attributes} /></td>
    <td><span class="tag ${bed.status}">${stateOf(bed)}</span></td>
    <td class="figure"><button type="button" class="quiet" onClick=${() => setOpen({ place: bed.location, version: bed.version, has: bed.own ?? bed.attributes, ofRoom: room.attributes, name: joined(name, bed.name) })}>${t("change")}<${For} who=${joined(name, bed.name)} /></button>
      ${!isClosed && ward.status === "open" && html`<${CloseOrOpen} place=${bed} name=${joined(name, bed.name)} isClosed=${bed.status === "closed" && (bed.cleaning ?? "clean") === "clean"} reload=${reload} />`}</td></tr>`;
  return html`<section class="room" aria-label=${roomText(room.name)}>
    <div class="ward-bar"><h3>${roomText(room.name)}</h3> ${isClosed && html`<span class="tag">${t("bed.closed")}</span>`}
      <label class="visually-hidden" for=${id}>${t("places.whom", { name: room.name })}</label>
      <select id=${id} value=${before} onChange=${({ currentTarget }: { currentTarget: HTMLSelectElement }) => setSex(currentTarget.value as Sex)}>${SEXES.map((one) => html`<option key=${one} value=${one}>${t(`places.for.${one}`)}</option>`)}</select>
      ${room.attributes && html`<span><${Attributes} own=${room.attributes} /></span>`}
      <button type="button" class="quiet" onClick=${() => setOpen({ place: room.location, version: room.version, has: room.attributes ?? [], name })}>${t("places.roomHas")}<${For} who=${name} /></button>
      <button type="button" onClick=${onAddBeds} disabled=${isClosed || ward.status === "closed"}>${t("places.addBeds")}<${For} who=${name} /></button>
      ${ward.status === "open" && html`<${CloseOrOpen} place=${room} name=${name} isClosed=${isClosed} reload=${reload} />`}</div>
    ${room.beds.length > 0 && html`<${Wide} label=${roomText(room.name)}><table class="stacked"><thead><tr><th scope="col">${t("places.bed")}</th><th scope="col">${t("places.has")}</th><th scope="col">${t("places.state")}</th><td></td></tr></thead><tbody>${room.beds.map(row)}</tbody></table><//>`}
    ${open && html`<${Describe} of=${open} ward=${ward.location} name=${open.name} onClose=${() => setOpen(undefined)} onDone=${reload} />`}
  </section>`;
}
