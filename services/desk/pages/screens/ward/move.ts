/** Puts a patient into a bed: by drag and drop, or by keyboard and click, with the bed chosen next. */
import { signal } from "@preact/signals";
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { visits as visitsContract } from "../../../../visits/visits.contract.ts";
import type { BoardBed, BoardStay, WaitingRequest } from "../../../../wards/board.contract.ts";
import { say, sayFault, tell } from "../../parts/notices.ts";
import { actionsOf } from "../../platform/api.ts";
import { t } from "../../platform/texts.ts";
import { askAgain, askTransferAgain, inSteps } from "./ask-again.ts";
import { openVisitOf } from "./open-visit.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");
const visits = actionsOf<typeof visitsContract>("visits");

/** A bed with the name of its room. */
export type PlacedBed = BoardBed & { place: string };

/** The patient being moved: one of the ward, or one who waits to be admitted. */
export type Carried = BoardStay | WaitingRequest;

/** The patient being moved; undefined: none. */
export const moving = signal<Carried | undefined>(undefined);

/** The patient being dragged. */
let dragged: Carried | undefined;

/** Starts a drag; changing the page in the same moment would end it. */
export function beginDrag(event: DragEvent, carried: Carried): void {
  event.dataTransfer?.setData("text/plain", calledIn(carried));
  dragged = carried;
  setTimeout(() => {
    if (dragged === carried) moving.value = carried;
  });
}

/** Whether a drag is in progress. */
export const isDragged = (): boolean => dragged !== undefined;

/** Handles a drop on a bed, which on a busy machine may come before the page knows of the drag. */
export function dropDragged(): void {
  moving.value ??= dragged;
}

/** Ends a drag, wherever. */
export function endDrag(): void {
  dragged = undefined;
  moving.value = undefined;
}

/** Name of a patient on the board. */
export const calledIn = ({ name }: { name?: string }): string => name ?? t("person.notKnown");

/** Whether the patient already has a stay in the ward. */
export const isStay = (carried: Carried): carried is BoardStay => "stay" in carried;

/** Whether the patient can be put there: into a free bed, or in exchange with its patient. */
export function isTarget(bed: BoardBed): boolean {
  const carried = moving.value;
  if (!carried) return false;
  return bed.status === "free" || (isStay(carried) && bed.stay !== undefined && bed.stay.stay !== carried.stay);
}

/** The state of a bed in words. */
export const stateOf = ({ status, cleaning }: BoardBed): string =>
  cleaning && cleaning !== "clean" ? t(`cleaning.${cleaning}`) : t(`bed.${status}`);

/** A bed was chosen that is none for the patient being moved: the own one ends the move, for another it says why. */
function refuse(carried: Carried, bed: PlacedBed): void {
  if (isStay(carried) && bed.stay?.stay === carried.stay) moving.value = undefined;
  else tell(t("ward.notThere", { bed: bed.place, why: stateOf(bed) }));
}

/** Puts the patient being moved into a bed. @param done called when the board has changed @returns whether it succeeded */
export async function moveTo(bed: PlacedBed, done: () => void): Promise<boolean> {
  const carried = moving.value;
  if (!carried) return false;
  if (!isTarget(bed)) {
    refuse(carried, bed);
    return false;
  }
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

async function moved(one: BoardStay, bed: PlacedBed, done: () => void): Promise<void> {
  const { stay, version, name } = one;
  const other = bed.stay;
  const again = [one, ...(other ? [other] : [])].map((it) => () => askTransferAgain(it));
  if (other) {
    await stays.swap({ stay, version, with: other.stay, versionOfOther: other.version });
    const back = inSteps(() => stays.swap({ stay, with: other.stay }), ...again);
    return say(t("ward.swapped", { one: calledIn({ name }), other: calledIn(other) }), () => back().finally(done));
  }
  await stays.transfer({ stay, version, bed: bed.location });
  const back = inSteps(() => stays.cancelTransfer({ stay, reason: t("undo.reason") }), ...again);
  say(t("ward.moved", { name: calledIn({ name }), bed: bed.place }), () => back().finally(done));
}

async function admitted(waiting: WaitingRequest, bed: PlacedBed, done: () => void): Promise<void> {
  const { request, patient, name } = waiting;
  const open = await openVisitOf(patient).catch(() => null); // what is down holds up no admission: the front desk closes the visit
  const visit = open ? `Encounter/${open.id}` : undefined;
  const { stay } = await stays.admit({ patient, bed: bed.location, request, ...(visit && { visit }) });
  const back = inSteps(
    () => stays.cancelAdmission({ stay, reason: t("undo.reason") }),
    ...(visit ? [() => visits.reopen({ visit, reason: t("undo.reason") })] : []),
    () => askAgain(waiting), // the patient waits for a bed as before
  );
  say(t("ward.admittedTo", { name: calledIn({ name }), bed: bed.place }), () => back().finally(done));
}
