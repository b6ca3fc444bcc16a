/** A patient who is being put somewhere: by drag, or by keyboard and click; where to is chosen next. */
import { signal } from "@preact/signals";
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { BoardBed, BoardStay } from "../../../../wards/board.contract.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { actionsOf } from "../../platform/api.ts";
import { t } from "../../platform/texts.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");

/** A bed with the name of its room before its own. */
export type PlacedBed = BoardBed & { place: string };

/** Who is being moved; undefined: nobody. */
export const moving = signal<BoardStay | undefined>(undefined);

/** How somebody is called on the board. */
export const calledIn = ({ name }: { name?: string }): string => name ?? t("person.notKnown");

/** Puts who is being moved into a free bed. @param done called when the board has changed */
export async function moveTo(bed: PlacedBed, done: () => void): Promise<void> {
  const stay = moving.value;
  if (!stay) return;
  moving.value = undefined;
  try {
    await stays.transfer({ stay: stay.stay, bed: bed.location });
    const back = () => stays.cancelTransfer({ stay: stay.stay, reason: t("undo.reason") }).then(done);
    say(t("ward.moved", { name: calledIn(stay), bed: bed.place }), back);
  } catch (error) {
    sayFault(error);
  }
  done();
}
