/** The cleaning state of a bed: dirty, being cleaned, clean. A bed that is not clean cannot be given to a patient. */
import type { wards as wardsContract, Cleaning } from "../../../../wards/wards.contract.ts";
import { html } from "../../html.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { actionsOf } from "../../platform/api.ts";
import { offers } from "../../platform/menu.ts";
import { t } from "../../platform/texts.ts";
import type { PlacedBed } from "./move.ts";

const wards = actionsOf<typeof wardsContract>("wards");
const STATES = ["dirty", "cleaning", "clean"] as const satisfies Cleaning[];

/** Whether a step is left out, which is refused. */
const isTooEarly = (from: Cleaning, to: Cleaning): boolean => from === "dirty" && to === "clean";

export function CleaningChoice({ bed, onClose, onDone }: { bed: PlacedBed; onClose: () => void; onDone: () => void }) {
  if (!offers("wards.setCleaning")) return null;
  const before = bed.cleaning ?? "clean";
  const set = async (cleaning: Cleaning) => {
    onClose();
    const back = async () => {
      // A dirty bed is in cleaning before it is clean, also one that was called dirty by mistake.
      if (isTooEarly(cleaning, before)) version = (await wards.setCleaning({ bed: bed.location, version, cleaning: "cleaning" })).version;
      await wards.setCleaning({ bed: bed.location, version, cleaning: before });
      onDone();
    };
    let { version } = bed;
    try {
      ({ version } = await wards.setCleaning({ bed: bed.location, version, cleaning }));
      say(t(`cleaning.isNow.${cleaning}`, { bed: bed.place }), back);
    } catch (error) {
      sayFault(error);
    }
    onDone();
  };
  const offered = STATES.filter((one) => !isTooEarly(before, one));
  return html`<section class="stack" aria-label=${t("cleaning")}><h3>${t("cleaning")}</h3><div class="tabs">${offered.map(
    (one) =>
      html`<button key=${one} type="button" aria-pressed=${before === one} onClick=${() => set(one)}>${t(`cleaning.${one}`)}</button>`,
  )}</div></section>`;
}
