/** The ward board: who lies where, what waits, and what is done about it; what others do is seen as it happens. */
import { useEffect, useState } from "preact/hooks";
import type { Board, BoardWard } from "../../../wards/board.contract.ts";
import type { wards as wardsContract } from "../../../wards/wards.contract.ts";
import { html } from "../html.ts";
import { NotKnown } from "../parts/panel.ts";
import { actionsOf } from "../platform/api.ts";
import { timeOf } from "../platform/clock.ts";
import { useLoad } from "../platform/load.ts";
import { go } from "../platform/router.ts";
import { listen } from "../platform/stream.ts";
import { t, tIfAny } from "../platform/texts.ts";
import { Beds } from "./ward/beds.ts";

const wards = actionsOf<typeof wardsContract>("wards");
/** Asked for so often, milliseconds: where events tell of changes, and where there are none. */
const WITH_EVENTS_MS = 30_000;
const WITHOUT_EVENTS_MS = 3_000;
const KEPT_AS = "desk.ward";

/** @param argument the id of a ward; absent: the one that was shown last in this browser, else the first */
export default function Ward({ argument }: { argument?: string }) {
  const all = useLoad("wards", () => wards.board({}));
  const id = argument ?? localStorage.getItem(KEPT_AS) ?? all.value?.wards[0]?.location.split("/")[1];
  const known = all.value?.wards.some(({ location }) => location.endsWith(`/${id}`)) ? id : all.value?.wards[0]?.location.split("/")[1];
  if (all.value && all.value.wards.length === 0) return html`<p>${t("ward.none")}</p>`;
  if (known === undefined) return html`<${NotKnown} loaded=${all} />${all.isLoading && html`<p class="muted">${t("loading")}</p>`}`;
  return html`<${OneWard} key=${known} ward=${`Location/${known}`} names=${all.value?.wards ?? []} />`;
}

function OneWard({ ward, names }: { ward: string; names: BoardWard[] }) {
  const [hasEvents, setHasEvents] = useState(false);
  const board = useLoad(ward, () => wards.board({ ward }), hasEvents ? WITH_EVENTS_MS : WITHOUT_EVENTS_MS);
  useEffect(
    () => listen(`/api/wards/board/events?ward=${encodeURIComponent(ward)}`, { onEvent: board.reload, onOpen: setHasEvents }),
    [ward],
  );
  const choose = (location: string) => {
    localStorage.setItem(KEPT_AS, location.split("/")[1] ?? "");
    go("ward", location);
  };
  const shown = board.value?.wards[0];
  return html`<div class="ward-bar">
      <label for="ward">${t("ward.which")}</label>
      <select id="ward" value=${ward} onChange=${({ currentTarget }: { currentTarget: HTMLSelectElement }) => choose(currentTarget.value)}>
        ${names.map(({ location, name }) => html`<option key=${location} value=${location}>${name}</option>`)}
      </select>
      ${shown && html`<${Numbers} ward=${shown} />`}
      <span class="muted" title=${t(hasEvents ? "ward.live" : "ward.polled")}>${hasEvents ? "●" : "○"} ${timeOf(board.at)}</span>
    </div>
    <${NotKnown} loaded=${board} />
    ${board.value && html`<${Unknown} board=${board.value} />`}
    ${shown?.status === "closed" && html`<p class="not-known">${t("ward.closed")}</p>`}
    ${shown ? html`<${Beds} board=${board.value as Board} ward=${shown} reload=${board.reload} />` : board.isLoading && html`<p class="muted">${t("loading")}</p>`}`;
}

/** Free, taken, closed: in words, not by colour. */
function Numbers({ ward }: { ward: BoardWard }) {
  const beds = ward.rooms.flatMap(({ beds }) => beds);
  const of = (status: string) => beds.filter((bed) => bed.status === status).length;
  return html`<span class="numbers">${(["free", "taken", "closed"] as const).filter((status) => of(status) > 0).map((status) => html`<span key=${status} class="tag ${status}">${t(`bed.count.${status}`, { n: of(status) })}</span>`)}</span>`;
}

function Unknown({ board: { unknown } }: { board: Board }) {
  if (unknown.length === 0) return null;
  const parts = unknown.map((part) => tIfAny(`board.${part}`) ?? part).join(", ");
  return html`<p class="not-known" role="status"><span aria-hidden="true">?</span> ${t("board.unknown", { parts })}</p>`;
}
