/** Free beds of all wards by a patient's needs: for an admission request, for a transfer, or in general. */
import { useState } from "preact/hooks";
import type { Board } from "../../../wards/board.contract.ts";
import type { FoundBed, wards as wardsContract } from "../../../wards/wards.contract.ts";
import { html } from "../html.ts";
import { Field } from "../parts/field.ts";
import { For } from "../parts/for.ts";
import { useMore } from "../parts/more.ts";
import { Needs } from "../parts/needs.ts";
import { Panel } from "../parts/panel.ts";
import { Wide } from "../parts/wide.ts";
import { actionsOf } from "../platform/api.ts";
import { useNews } from "../platform/live.ts";
import { useLoad } from "../platform/load.ts";
import { offers } from "../platform/menu.ts";
import { staysIn, useAllWards } from "../platform/own-ward.ts";
import { go, hrefOf } from "../platform/router.ts";
import { joined, t, tIfAny } from "../platform/texts.ts";
import { AdmitDialog } from "./ward/admit.ts";
import { Who } from "./ward/bed.ts";
import { type Carried, calledIn, isStay, moveTo, moving, type PlacedBed } from "./ward/move.ts";

const wards = actionsOf<typeof wardsContract>("wards");
const ANY = "";
/** Limit of the service's answer. */
const MAX_FOUND = 200;
/** Number shown at first, and added each time. */
const STEP = 30;

/** A bed with the names of its ward and room. */
interface Named {
  found: FoundBed;
  bed: PlacedBed;
  ward: string;
}

interface Free {
  beds: Named[];
  board: Board;
}

/** The beds found, with names from the board. */
function named(found: FoundBed[], board: Board): Named[] {
  const all = new Map(
    board.wards.flatMap(({ name, rooms }) =>
      rooms.flatMap((room) =>
        room.beds.map((bed) => [bed.location, { ward: name, bed: { ...bed, place: joined(room.name, bed.name) } }] as const),
      ),
    ),
  );
  return found.flatMap((one) => {
    const known = all.get(one.location);
    return known ? [{ found: one, ...known }] : [];
  });
}

/** @param argument the id of an admission request, or of a stay */
export default function Beds({ argument }: { argument?: string }) {
  const known = useAllWards();
  const carried = carriedOf(known.value, argument);
  if (argument !== undefined && !known.value && known.isLoading) return html`<p class="muted" aria-busy="true">${t("loading")}</p>`;
  return html`<${Search} key=${carried ? "for" : ""} carried=${carried} board=${known.value} />`;
}

/** The patient for whom a bed is searched. */
function carriedOf(board: Board | undefined, id: string | undefined): Carried | undefined {
  if (!board || id === undefined) return undefined;
  const reference = `Encounter/${id}`;
  return board.waiting.find(({ request }) => request === reference) ?? board.wards.flatMap(staysIn).find(({ stay }) => stay === reference);
}

const isBinary = (sex: string | undefined): sex is "male" | "female" => sex === "male" || sex === "female";

function Search({ carried, board }: { carried: Carried | undefined; board: Board | undefined }) {
  const [needs, setNeeds] = useState<string[]>(carried && !isStay(carried) ? carried.needs : []);
  const [sex, setSex] = useState<string>(isBinary(carried?.sex) ? carried.sex : ANY);
  const [ward, setWard] = useState(ANY);
  const [open, setOpen] = useState<Named | undefined>();
  const more = useMore(STEP, MAX_FOUND);
  const asked = {
    ...(needs.length > 0 && { needs: needs.join() }),
    ...(isBinary(sex) && { sex }),
    ...(ward !== ANY && { ward }),
  };
  const live = useNews("types=Encounter,Location", () => free.reload());
  const read = async (): Promise<Free> => {
    const [found, board] = await Promise.all([wards.findBeds(asked), wards.board({})]);
    return { beds: named(found, board), board };
  };
  const free = useLoad(`free beds ${JSON.stringify(asked)}`, read, live.everyMs);
  const take = async ({ bed: { place, ...bed }, found, ward }: Named) => {
    const named = { ...bed, place: joined(ward, place) }; // another ward may have a bed of the same name
    if (!carried) return setOpen({ bed: named, found, ward });
    moving.value = carried;
    if (await moveTo(named, free.reload)) go("ward", found.ward);
  };
  const allWards = (board?.wards ?? []).map(({ location, name }): [string, string] => [location, name]);
  const row = (one: Named) => html`<tr key=${one.found.location}>
    <th scope="row"><bdi>${one.bed.place}</bdi> <a class="muted" href=${hrefOf("ward", one.found.ward)}><bdi>${one.ward}</bdi></a></th>
    <td>${one.found.attributes.map((it) => html`<span key=${it} class="tag">${tIfAny(`attribute.${it}`) ?? it}</span> `)}${one.found.sex && html`<span class="tag">${t(`places.for.${one.found.sex}`)}</span>`}</td>
    <td>${offers("hospitalizations.admit") && html`<button type="button" onClick=${() => take(one)}>${t(carried && isStay(carried) ? "beds.move" : "ward.admit")}<${For} who=${joined(one.ward, one.bed.place)} /></button>`}</td></tr>`;
  const show = ({
    beds,
  }: Free) => html`<p class="muted" role="status">${t("beds.count", { n: beds.length })} ${beds.length >= MAX_FOUND && t("beds.first")}</p>
    ${beds.length > 0 && html`<${Wide} label=${t("beds.free")}><table class="stacked"><thead class="visually-hidden"><tr><th scope="col">${t("places.bed")}</th><th scope="col">${t("places.has")}</th><td></td></tr></thead><tbody>${beds.slice(0, more.count).map(row)}</tbody></table><//>${beds.length > more.count && more.below(beds.length)}`}`;
  return html`${carried && html`<p class="banner"><${Who} person=${carried} /> ${!isStay(carried) && carried.reason && html`<bdi>${carried.reason}</bdi>`}</p>`}
    <section class="panel" aria-label=${t("beds.needs")}><div class="fields">
      <${Needs} legend=${t("admission.needs")} chosen=${needs} onChoose=${setNeeds} />
      <${Field} label=${t("beds.sex")} name="beds-sex" value=${sex} onValue=${setSex} options=${[[ANY, t("beds.anySex")], ["female", t("sex.female")], ["male", t("sex.male")]]} />
      <${Field} label=${t("ward.which")} name="beds-ward" value=${ward} onValue=${setWard} options=${[[ANY, t("beds.anyWard")], ...allWards]} />
    </div></section>
    <${Panel} title=${carried ? t("beds.for", { name: calledIn(carried) }) : t("beds.free")} loaded=${free} show=${show} />
    ${open && html`<${AdmitDialog} bed=${open.bed} onClose=${() => setOpen(undefined)} reload=${free.reload} />`}`;
}
