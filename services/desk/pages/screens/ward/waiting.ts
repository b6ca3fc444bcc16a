/** Who is in the ward without a bed, and who waits to be admitted. */
import type { Board, BoardStay, BoardWard, WaitingRequest } from "../../../../wards/board.contract.ts";
import { html } from "../../html.ts";
import { For } from "../../parts/for.ts";
import { since } from "../../platform/clock.ts";
import { hrefOf } from "../../platform/router.ts";
import { t } from "../../platform/texts.ts";
import { Who } from "./bed.ts";
import { calledIn, moving } from "./move.ts";

/** See the head of this file. */
export function Waiting({ board, ward }: { board: Board; ward: BoardWard; reload: () => void }) {
  const { waiting } = board;
  const { withoutBed } = ward;
  const toBed = (stay: BoardStay) => html`<li key=${stay.stay}>
    <span><${Who} person=${stay} /></span>
    <button type="button" onClick=${() => {
      moving.value = stay;
    }}>${t("ward.giveBed")}<${For} who=${calledIn(stay)} /></button>
  </li>`;
  const request = (one: WaitingRequest) => html`<li key=${one.request}>
    <span><a href=${hrefOf("chart", one.patient)}><${Who} person=${one} /></a><br />
      <span class=${one.kind === "emergency" ? "tag bad" : "tag"}>${t(`request.${one.kind}`)}</span> ${one.reason} <span class="muted">${one.requestedAt && since(one.requestedAt)}</span></span>
  </li>`;
  return html`<aside class="panel" aria-label=${t("ward.waiting")}>
    <header><h2>${t("ward.waiting")}</h2></header>
    ${withoutBed.length + waiting.length === 0 && html`<p class="muted">${t("ward.nobodyWaits")}</p>`}
    <ul class="list">${withoutBed.map(toBed)}${waiting.map(request)}</ul>
    <p class="hint">${t("ward.keys")}</p>
  </aside>`;
}
