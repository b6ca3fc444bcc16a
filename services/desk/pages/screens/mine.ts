/** A physician's own patients in all wards: critical values, pending work, and unfinished notes. */
import { useState } from "preact/hooks";
import type { Board, BoardStay } from "../../../wards/board.contract.ts";
import type { wards as wardsContract } from "../../../wards/wards.contract.ts";
import { html } from "../html.ts";
import { Dotted } from "../parts/dotted.ts";
import { Panel, Unknown } from "../parts/panel.ts";
import { actionsOf } from "../platform/api.ts";
import { useNews } from "../platform/live.ts";
import { useLoad } from "../platform/load.ts";
import { isOwn } from "../platform/own-ward.ts";
import { hrefOf } from "../platform/router.ts";
import { joined, listed, t } from "../platform/texts.ts";
import { Critical } from "./bench/critical.ts";
import { Drafts } from "./mine/drafts.ts";
import { Waits, Who } from "./ward/bed.ts";

const wards = actionsOf<typeof wardsContract>("wards");

/** A patient, with their place. */
interface Own {
  stay: BoardStay;
  ward: string;
  place: string;
}

const ownOf = ({ wards: all }: Board): Own[] =>
  all.flatMap(({ location: ward, name, rooms, withoutBed }) => [
    ...rooms.flatMap((room) =>
      room.beds.flatMap((bed) => (bed.stay && isOwn(bed.stay) ? [{ stay: bed.stay, ward, place: joined(name, room.name, bed.name) }] : [])),
    ),
    ...withoutBed.filter(isOwn).map((stay) => ({ stay, ward, place: name })),
  ]);

export default function Mine() {
  const [turn, setTurn] = useState(0);
  const live = useNews("types=DocumentReference,Encounter,Observation", () => {
    board.reload();
    setTurn((before) => before + 1);
  });
  const board = useLoad("own patients' board", () => wards.board({}), live.everyMs);
  const own = board.value ? ownOf(board.value) : [];
  const row = ({ stay, ward, place }: Own) => html`<li key=${stay.stay}>
    <span><a href=${hrefOf("chart", stay.patient)}><${Who} person=${stay} /></a><br />
      <span class="muted"><${Dotted} of=${[stay.diagnosis, t("ward.day", { n: stay.days + 1 })]} /></span>
      ${stay.allergies.length > 0 && html` <span class="tag bad">⚠ ${listed(stay.allergies)}</span>`}</span>
    <span class="buttons"><${Waits} stay=${stay} /><a href=${hrefOf("ward", ward)}>${place}</a></span></li>`;
  const show = (value: Board) => html`<${Unknown} parts=${value.unknown} />
    ${own.length === 0 && !value.unknown.includes("stays") && html`<p class="muted">${t("mine.nobody")}</p>`}<ul class="list roomy">${own.map(row)}</ul>`;
  return html`<${Critical} among=${new Set(own.map(({ stay }) => stay.patient))} turn=${turn} everyMs=${live.everyMs} />
    <div class="columns"><${Panel} title=${t("mine")} loaded=${board} show=${show} /><${Drafts} turn=${turn} everyMs=${live.everyMs} /></div>`;
}
