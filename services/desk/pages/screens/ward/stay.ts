/** One stay, opened from its bed, with its actions. */
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { BoardPart, BoardStay } from "../../../../wards/board.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { Unknown } from "../../parts/panel.ts";
import { actionsOf } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { hrefOf } from "../../platform/router.ts";
import { joined, listed, t } from "../../platform/texts.ts";
import { Waits, Who } from "./bed.ts";
import { Discharge } from "./discharge.ts";
import { HandOver } from "./hand-over.ts";
import { Physician } from "./physician.ts";
import { calledIn, moving, type PlacedBed } from "./move.ts";
import { Transfer } from "./transfer.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");

interface StayProps {
  bed: PlacedBed;
  stay: BoardStay;
  /** Parts of the board that are not known. */
  unknown: BoardPart[];
  onClose: () => void;
  reload: () => void;
}

export function StayDialog({ bed, stay: shown, unknown, onClose, reload }: StayProps) {
  const { stay, version } = shown;
  const name = calledIn(shown);
  const reason = t("undo.reason");
  const move = () => {
    moving.value = shown;
    onClose();
  };
  /** @param undo undoes the action @returns whether it succeeded */
  const act = async (work: () => Promise<unknown>, text: string, undo: () => Promise<unknown>): Promise<boolean> => {
    onClose();
    let isDone = true;
    try {
      await work();
      say(text, () => undo().then(reload));
    } catch (error) {
      isDone = false;
      sayFault(error);
    }
    reload();
    return isDone;
  };
  const leave = () =>
    act(
      () => stays.leave({ stay, version }),
      t("ward.left", { name }),
      () => stays.cancelLeave({ stay, reason }),
    );
  const back = () =>
    act(
      () => stays.return({ stay, version }),
      t("ward.returned", { name }),
      () => stays.cancelLeave({ stay, reason }),
    );
  return html`<${Dialog} title=${joined(bed.place, name)} onClose=${onClose}>
    <div class="stack">
      <p><${Who} person=${shown} /></p>
      <${Unknown} parts=${unknown} />
      <${Facts} stay=${shown} />
      <p><${Waits} stay=${shown} /></p>
      <${Physician} stay=${shown} reload=${reload} />
      <div class="buttons">
        <a class="button main" href=${hrefOf("chart", shown.patient)}>${t("chart.open")}</a>
        <button type="button" onClick=${move}>${t("ward.move")} <kbd>M</kbd></button>
        <a class="button" href=${hrefOf("beds", stay)}>${t("beds.find")}</a>
        ${shown.leave ? html`<button type="button" onClick=${back}>${t("ward.return")}</button>` : html`<button type="button" onClick=${leave}>${t("ward.leave")}</button>`}
      </div>
      <${HandOver} stay=${shown} onDone=${onClose} />
      <${Transfer} stay=${stay} version=${version} name=${name} transfer=${shown.transfer} from=${bed.location} onClose=${onClose} onDone=${reload} />
      <${Discharge} stay=${shown} act=${act} />
    </div>
  <//>`;
}

function Facts({ stay }: { stay: BoardStay }) {
  return html`<dl class="facts">
    <dt>${t("ward.admitted")}</dt><dd>${momentOf(stay.admittedAt)} (${t("ward.day", { n: stay.days + 1 })})</dd>
    ${stay.diagnosis && html`<dt>${t("ward.diagnosis")}</dt><dd>${stay.diagnosis}</dd>`}
    ${stay.leave && html`<dt>${t("encounter.status.onleave")}</dt><dd>${momentOf(stay.leave.since)}</dd>`}
    ${stay.allergies.length > 0 && html`<dt>${t("allergies")}</dt><dd class="alert">⚠ ${listed(stay.allergies)}</dd>`}
  </dl>`;
}
