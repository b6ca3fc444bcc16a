/** The board of one ward, which shows changes by others as they happen. */
import { useEffect, useState } from "preact/hooks";
import type { Board } from "../../../../wards/board.contract.ts";
import type { wards as wardsContract } from "../../../../wards/wards.contract.ts";
import { html } from "../../html.ts";
import { actionsOf } from "../../platform/api.ts";
import { timeOf } from "../../platform/clock.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { listen } from "../../platform/stream.ts";
import { t } from "../../platform/texts.ts";

const wards = actionsOf<typeof wardsContract>("wards");
/** Intervals of reading, milliseconds: with notifications of changes, and without. */
const WITH_EVENTS_MS = 30_000;
const WITHOUT_EVENTS_MS = 3_000;

/** The board, and whether the gateway notifies of changes. */
export type LiveBoard = Loaded<Board> & { hasEvents: boolean };

/** @param ward "Location/…" */
export function useBoard(ward: string): LiveBoard {
  const [hasEvents, setHasEvents] = useState(false);
  const board = useLoad(ward, () => wards.board({ ward }), hasEvents ? WITH_EVENTS_MS : WITHOUT_EVENTS_MS);
  useEffect(
    () => listen(`/api/wards/board/events?ward=${encodeURIComponent(ward)}`, { onEvent: board.reload, onOpen: setHasEvents }),
    [ward],
  );
  return { ...board, hasEvents };
}

/** The time of what is shown, and whether changes are shown as they happen. */
export const AsOf = ({ board: { at, hasEvents } }: { board: LiveBoard }) =>
  html`<span class="muted" title=${t(hasEvents ? "ward.live" : "ward.polled")}><span aria-hidden="true">${hasEvents ? "●" : "○"}</span> ${t("ward.asOf", { time: timeOf(at) })}</span>`;
