/** One room with its beds: whom it is for, and what each bed has. */
import { useState } from "preact/hooks";
import type { BoardBed, BoardRoom, BoardWard } from "../../../../wards/board.contract.ts";
import type { wards as wardsContract } from "../../../../wards/wards.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { For } from "../../parts/for.ts";
import { Form } from "../../parts/form.ts";
import { Needs } from "../../parts/needs.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { joined, t, tIfAny } from "../../platform/texts.ts";
import { isSame, mergedOf } from "./attributes.ts";
import { CloseOrOpen } from "./close.ts";

const wards = actionsOf<typeof wardsContract>("wards");
const SEXES = ["any", "female", "male"] as const;
type Sex = (typeof SEXES)[number];

interface RoomProps {
  room: BoardRoom;
  ward: BoardWard;
  onAddBeds: () => void;
  reload: () => void;
}

/** See the head of this file. */
export function Room({ room, ward, onAddBeds, reload }: RoomProps) {
  const [open, setOpen] = useState<BoardBed | undefined>();
  const name = joined(ward.name, room.name);
  const before = room.sex ?? "any";
  const setSex = async (sex: Sex) => {
    try {
      const { version } = await wards.describe({ location: room.location, version: room.version, sex });
      say(t("places.isFor", { name, who: t(`places.for.${sex}`) }), () =>
        wards.describe({ location: room.location, version, sex: before }).then(reload),
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
    <td>${bed.attributes.map((one) => html`<span key=${one} class="tag">${tIfAny(`attribute.${one}`) ?? one}</span> `)}</td>
    <td><span class="tag ${bed.status}">${bed.cleaning && bed.cleaning !== "clean" ? t(`cleaning.${bed.cleaning}`) : t(`bed.${bed.status}`)}</span></td>
    <td class="figure"><button type="button" class="quiet" onClick=${() => setOpen(bed)}>${t("places.describe")}<${For} who=${joined(name, bed.name)} /></button>
      ${!isClosed && ward.status === "open" && html`<${CloseOrOpen} place=${bed} name=${joined(name, bed.name)} isClosed=${bed.status === "closed" && (bed.cleaning ?? "clean") === "clean"} reload=${reload} />`}</td></tr>`;
  return html`<section class="room" aria-label=${t("ward.room", { name: room.name })}>
    <div class="ward-bar"><h3>${t("ward.room", { name: room.name })}</h3> ${isClosed && html`<span class="tag">${t("bed.closed")}</span>`}
      <label class="visually-hidden" for=${id}>${t("places.whom", { name: room.name })}</label>
      <select id=${id} value=${before} onChange=${({ currentTarget }: { currentTarget: HTMLSelectElement }) => setSex(currentTarget.value as Sex)}>${SEXES.map((one) => html`<option key=${one} value=${one}>${t(`places.for.${one}`)}</option>`)}</select>
      <button type="button" onClick=${onAddBeds} disabled=${isClosed || ward.status === "closed"}>${t("places.addBeds")}<${For} who=${name} /></button>
      ${ward.status === "open" && html`<${CloseOrOpen} place=${room} name=${name} isClosed=${isClosed} reload=${reload} />`}</div>
    ${room.beds.length > 0 && html`<table class="stacked"><thead><tr><th scope="col">${t("places.bed")}</th><th scope="col">${t("places.has")}</th><th scope="col">${t("places.state")}</th><td></td></tr></thead><tbody>${room.beds.map(row)}</tbody></table>`}
    ${
      open &&
      html`<${Describe} bed=${open} ward=${ward.location} name=${joined(name, open.name)} onClose=${() => setOpen(undefined)} onDone=${() => {
        setOpen(undefined);
        reload();
      }} />`
    }
  </section>`;
}

/** The bed as it is now; undefined: its ward does not have it any more. */
async function bedNow(ward: string, location: string): Promise<BoardBed | undefined> {
  const board = await wards.board({ ward });
  return board.wards.flatMap(({ rooms }) => rooms.flatMap(({ beds }) => beds)).find((one) => one.location === location);
}

function Describe({ bed: found, ward, name, onClose, onDone }: DescribeProps) {
  const { location } = found;
  const [seen, setSeen] = useState(found);
  const [isTheirs, setTheirs] = useState(false);
  const [attributes, setAttributes] = useState<string[]>(found.attributes);
  const store = async ({ version, attributes: before }: BoardBed) => {
    const stored = await wards.describe({ location, version, attributes });
    say(t("places.described", { name }), () => wards.describe({ location, version: stored.version, attributes: before }).then(onDone));
    onDone();
  };
  const send = async () => {
    try {
      await store(seen);
    } catch (error) {
      const theirs = error instanceof Refused && error.type === "PLACE_CHANGED" ? await bedNow(ward, location) : undefined;
      if (!theirs) throw error;
      // What changed is not what it has: it was cleaned, say.
      if (isSame(theirs.attributes, seen.attributes)) return store(theirs);
      setAttributes(mergedOf(seen.attributes, { mine: attributes, theirs: theirs.attributes }));
      setSeen(theirs);
      setTheirs(true);
    }
  };
  return html`<${Dialog} title=${name} onClose=${onClose}>
    ${
      isTheirs &&
      html`<div role="alert"><p class="not-known">${t("places.conflict")}</p><p aria-label=${t("merge.theirs")}>${seen.attributes.map((one) => html`<span key=${one} class="tag">${tIfAny(`attribute.${one}`) ?? one}</span> `)}</p></div>`
    }
    <${Form} send=${send} submit=${t("store")} onCancel=${onClose}>
      ${() => html`<${Needs} legend=${t("places.has")} chosen=${attributes} onChoose=${setAttributes} />`}
    <//>
  <//>`;
}

interface DescribeProps {
  bed: BoardBed;
  /** "Location/…" */
  ward: string;
  name: string;
  onClose: () => void;
  onDone: () => void;
}
