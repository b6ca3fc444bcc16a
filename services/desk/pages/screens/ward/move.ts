/** Somebody who is being put into a bed: by drag, or by keyboard and click; where to is chosen next. */
import { signal } from "@preact/signals";
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { BoardBed, BoardStay, WaitingRequest } from "../../../../wards/board.contract.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { actionsOf } from "../../platform/api.ts";
import { t } from "../../platform/texts.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");

/** A bed with the name of its room before its own. */
export type PlacedBed = BoardBed & { place: string };

/** Who is being put into a bed: a patient of the ward, or one who waits to be admitted. */
export type Carried = BoardStay | WaitingRequest;

/** Who is being moved; undefined: nobody. */
export const moving = signal<Carried | undefined>(undefined);

/** Who is under way by the mouse. */
let dragged: Carried | undefined;

/** A drag begins: what changes the page in the same moment would end it. */
export function beginDrag(event: DragEvent, carried: Carried): void {
  event.dataTransfer?.setData("text/plain", calledIn(carried));
  dragged = carried;
  setTimeout(() => {
    if (dragged === carried) moving.value = carried;
  });
}

/** Whether somebody is under way by the mouse. */
export const isDragged = (): boolean => dragged !== undefined;

/** Who is dragged is let go over a bed; on a busy machine before the page has been told that they were picked up. */
export function dropDragged(): void {
  moving.value ??= dragged;
}

/** A drag has ended, wherever. */
export function endDrag(): void {
  dragged = undefined;
  moving.value = undefined;
}

/** How somebody is called on the board. */
export const calledIn = ({ name }: { name?: string }): string => name ?? t("person.notKnown");

/** Whether the patient is a patient of the ward already. */
export const isStay = (carried: Carried): carried is BoardStay => "stay" in carried;

/** Whether who is being moved can be put there: into a free bed, or in the place of another, who changes beds then. */
export function isTarget(bed: BoardBed): boolean {
  const carried = moving.value;
  if (!carried) return false;
  return bed.status === "free" || (isStay(carried) && bed.stay !== undefined && bed.stay.stay !== carried.stay);
}

/** Puts who is being moved into a bed. @param done called when the board has changed @returns whether they lie there now */
export async function moveTo(bed: PlacedBed, done: () => void): Promise<boolean> {
  const carried = moving.value;
  if (!carried || !isTarget(bed)) return false;
  moving.value = undefined;
  let isDone = true;
  try {
    await (isStay(carried) ? moved(carried, bed, done) : admitted(carried, bed, done));
  } catch (error) {
    isDone = false;
    sayFault(error);
  }
  done();
  return isDone;
}

async function moved({ stay, name }: BoardStay, bed: PlacedBed, done: () => void): Promise<void> {
  const other = bed.stay;
  if (other) {
    await stays.swap({ stay, with: other.stay });
    say(t("ward.swapped", { one: calledIn({ name }), other: calledIn(other) }), () => stays.swap({ stay, with: other.stay }).then(done));
    return;
  }
  await stays.transfer({ stay, bed: bed.location });
  say(t("ward.moved", { name: calledIn({ name }), bed: bed.place }), () =>
    stays.cancelTransfer({ stay, reason: t("undo.reason") }).then(done),
  );
}

async function admitted({ request, patient, name }: WaitingRequest, bed: PlacedBed, done: () => void): Promise<void> {
  const { stay } = await stays.admit({ patient, bed: bed.location, request });
  say(t("ward.admittedTo", { name: calledIn({ name }), bed: bed.place }), () =>
    stays.cancelAdmission({ stay, reason: t("undo.reason") }).then(done),
  );
}
