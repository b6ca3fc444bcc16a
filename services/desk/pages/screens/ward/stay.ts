/** One stay, opened from its bed: what can be done about it. */
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { BoardStay } from "../../../../wards/board.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { actionsOf } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { hrefOf } from "../../platform/router.ts";
import { t } from "../../platform/texts.ts";
import { Waits, Who } from "./bed.ts";
import { calledIn, moving, type PlacedBed } from "./move.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");

interface StayProps {
  bed: PlacedBed;
  stay: BoardStay;
  onClose: () => void;
  reload: () => void;
}

/** See the head of this file. */
export function StayDialog({ bed, stay, onClose, reload }: StayProps) {
  const move = () => {
    moving.value = stay;
    onClose();
  };
  const discharge = async () => {
    onClose();
    try {
      await stays.discharge({ stay: stay.stay });
      const back = () => stays.cancelDischarge({ stay: stay.stay, reason: t("undo.reason") }).then(reload);
      say(t("ward.discharged", { name: calledIn(stay) }), back);
    } catch (error) {
      sayFault(error);
    }
    reload();
  };
  return html`<${Dialog} title=${`${bed.place} · ${calledIn(stay)}`} onClose=${onClose}>
    <div class="stack">
      <p><${Who} person=${stay} /></p>
      <dl class="facts">
        <dt>${t("ward.admitted")}</dt><dd>${momentOf(stay.admittedAt)} (${t("ward.day", { n: stay.days + 1 })})</dd>
        ${stay.diagnosis && html`<dt>${t("ward.diagnosis")}</dt><dd>${stay.diagnosis}</dd>`}
        ${stay.physicianName && html`<dt>${t("ward.physician")}</dt><dd>${stay.physicianName}</dd>`}
        ${stay.allergies.length > 0 && html`<dt>${t("allergies")}</dt><dd class="alert">⚠ ${stay.allergies.join(", ")}</dd>`}
      </dl>
      <p><${Waits} stay=${stay} /></p>
      <div class="buttons">
        <a class="button main" href=${hrefOf("chart", stay.patient)}>${t("chart.open")}</a>
        <button type="button" onClick=${move}>${t("ward.move")} <kbd>M</kbd></button>
        <button type="button" onClick=${discharge}>${t("ward.discharge")}</button>
      </div>
    </div>
  <//>`;
}
