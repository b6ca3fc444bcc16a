/** Rooms and beds of a ward. Arrow keys move between beds, Enter opens one, M picks up its patient, Escape cancels. */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Board, BoardRoom, BoardStay, BoardWard } from "../../../../wards/board.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { isKept } from "../../platform/drafts.ts";
import { roomText } from "../../platform/names.ts";
import { joined, t, tIfAny } from "../../platform/texts.ts";
import { AdmitDialog } from "./admit.ts";
import { BedContent } from "./bed.ts";
import { type BedFilter, isOf } from "./filter.ts";
import {
  beginDrag,
  type Carried,
  calledIn,
  dropDragged,
  endDrag,
  isDragged,
  isStay,
  isTarget,
  moveTo,
  moving,
  type PlacedBed,
} from "./move.ts";
import { HandOver, handOverOf } from "./hand-over.ts";
import { StayDialog } from "./stay.ts";
import { Waiting } from "./waiting.ts";

const STEPS: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

const placed = ({ name, beds }: BoardRoom): PlacedBed[] => beds.map((bed) => ({ ...bed, place: joined(name, bed.name) }));

interface BedsProps {
  board: Board;
  ward: BoardWard;
  filter: BedFilter;
  reload: () => void;
}

export function Beds({ board, ward, filter, reload }: BedsProps) {
  const open = useSignal<PlacedBed | undefined>(undefined); // read by the dialog only, so that the beds are not rendered again
  const grid = useRef<HTMLDivElement>(null);

  const enter = (bed: PlacedBed) => {
    if (moving.value) moveTo(bed, reload);
    else open.value = bed;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const buttons = [...(grid.current?.querySelectorAll<HTMLButtonElement>("button.bed") ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const isTurned = document.documentElement.dir === "rtl" && /Left|Right/.test(event.key);
    const step = (STEPS[event.key] ?? 0) * (isTurned ? -1 : 1);
    if (event.key === "Escape") moving.value = undefined;
    if (at < 0 || step === 0) return;
    event.preventDefault();
    buttons[Math.min(buttons.length - 1, Math.max(0, at + step))]?.focus();
  };
  const shown = filter !== "all" && moving.value ? "all" : filter; // a patient being moved may be put into any bed
  const rooms = useMemo(() => roomsOf(ward, shown), [ward, shown]);
  return html`<${Moving} />
    <div class="ward">
      <div class="rooms" ref=${grid} onKeyDown=${onKeyDown}>
        ${rooms.length === 0 && html`<p class="muted" role="status">${t(ward.rooms.length === 0 ? "ward.noBeds" : "filter.none")}</p>`}
        ${rooms.map((room) => html`<${Room} key=${room.location} room=${room} enter=${enter} reload=${reload} />`)}
      </div>
      <${Waiting} board=${board} ward=${ward} reload=${reload} />
    </div>
    <${Opened} open=${open} board=${board} ward=${ward} reload=${reload} />`;
}

/** Rooms with those of their beds that match the filter. */
function roomsOf({ rooms }: BoardWard, filter: BedFilter): BoardRoom[] {
  if (filter === "all") return rooms;
  return rooms.map((room) => ({ ...room, beds: room.beds.filter((bed) => isOf(filter, bed)) })).filter(({ beds }) => beds.length > 0);
}

/** The patient being moved, with a button to cancel. */
function Moving() {
  const carried = moving.value;
  // A patient picked up beside the board goes into a bed next: the first suitable one is focused, and scrolled into view on a phone.
  useEffect(() => {
    if (carried && !isDragged() && !document.activeElement?.closest(".rooms")) document.querySelector<HTMLElement>(".bed.target")?.focus();
  }, [carried]);
  const putBack = () => {
    moving.value = undefined;
  };
  const text = (one: Carried) => t(isStay(one) ? "ward.moving" : "ward.choose", { name: calledIn(one) });
  // The live region must exist before its text, or screen readers do not announce it.
  return html`<div role="status">${carried && html`<p class="moving">${text(carried)} <button type="button" onClick=${putBack}>${t("cancel")} <kbd>Esc</kbd></button></p>`}</div>`;
}

interface OpenedProps {
  open: Signal<PlacedBed | undefined>;
  board: Board;
  ward: BoardWard;
  reload: () => void;
}

/**
 * The opened bed in its current state. What was opened stays what it is about: a patient who is moved by others is followed to the other bed, and never
 * becomes another one while the dialog is open.
 */
function Opened({ open, board, ward, reload }: OpenedProps) {
  const entered = open.value;
  if (!entered) return null;
  const { location, stay } = entered;
  const beds = ward.rooms.flatMap(placed);
  const bed = beds.find((one) => (stay ? one.stay?.stay === stay.stay : one.location === location));
  const close = () => {
    open.value = undefined;
  };
  const shown = bed ?? entered;
  if (!stay) return html`<${AdmitDialog} key=${location} bed=${shown} onClose=${close} reload=${reload} />`;
  if (!bed && !board.unknown.includes("stays")) {
    const name = calledIn(stay);
    return html`<${Dialog} key="gone" title=${joined(entered.place, name)} onClose=${close}>
      <p role="status">${t("ward.noLongerHere", { name })}</p>
      ${isKept(handOverOf(stay.stay)) && html`<${HandOver} stay=${stay} onDone=${close} />`}
    <//>`; // what was typed for those who take over is not lost with the bed
  }
  return html`<${StayDialog} key=${stay.stay} bed=${shown} stay=${shown.stay ?? stay} unknown=${board.unknown} onClose=${close} reload=${reload} />`;
}

interface RoomProps {
  room: BoardRoom;
  enter: (bed: PlacedBed) => void;
  reload: () => void;
}

function Room({ room, enter, reload }: RoomProps) {
  return html`<section class="room" style=${{ "--beds": room.beds.length }} aria-label=${roomText(room.name)}>
    <h2>${roomText(room.name)} ${room.sex && html`<span class="muted">${tIfAny(`sex.${room.sex}`)}</span>`}</h2>
    <ul>${placed(room).map((bed) => html`<li key=${bed.location}><${Bed} bed=${bed} enter=${enter} reload=${reload} /></li>`)}</ul>
  </section>`;
}

const isLifted = ({ stay }: BoardStay): boolean => moving.value !== undefined && isStay(moving.value) && moving.value.stay === stay;

const pickUp = (stay: BoardStay) => {
  moving.value = stay;
};

function Bed({ bed, enter, reload }: { bed: PlacedBed; enter: (bed: PlacedBed) => void; reload: () => void }) {
  const [isOver, setOver] = useState(false);
  const { stay } = bed;
  const isGoal = isTarget(bed);
  const content = useMemo(() => html`<${BedContent} bed=${bed} />`, [bed]); // picking up a patient changes only its frame
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key.toLowerCase() === "m" && stay && !event.ctrlKey && !event.metaKey) pickUp(stay);
  };
  const drag = (event: DragEvent) => {
    if (stay) beginDrag(event, stay);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    dropDragged();
    moveTo(bed, reload);
  };
  const allow = (event: DragEvent) => {
    if (bed.status === "closed") return;
    event.preventDefault();
    setOver(true);
  };
  const classes = ["bed", bed.status, stay && "with-patient", isGoal && "target", isOver && "over", stay && isLifted(stay) && "lifted"];
  return html`<button type="button" class=${classes.filter(Boolean).join(" ")} draggable=${stay !== undefined} data-bed=${bed.location}
    onClick=${() => enter(bed)} onKeyDown=${onKeyDown} aria-keyshortcuts=${stay ? "M" : undefined}
    onDragStart=${drag} onDragEnd=${endDrag} onDragOver=${allow} onDragLeave=${() => setOver(false)} onDrop=${drop}>
    ${content}
  </button>`;
}
