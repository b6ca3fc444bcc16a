/** Discharge, or death, from the stay's dialog. For home medication that was paused for the stay a decision is required. */
import type { MedicationStatement } from "../../../../../fhir/r4.ts";
import type { Disposition, hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { BoardStay } from "../../../../wards/board.contract.ts";
import { html } from "../../html.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { sayFault } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { actionsOf, type Found, Refused, search, update } from "../../platform/api.ts";
import { today } from "../../platform/clock.ts";
import { useLoad } from "../../platform/load.ts";
import { medicationText } from "../../platform/medications.ts";
import { offers } from "../../platform/menu.ts";
import { takeBack, takeBackEach } from "../../platform/taken-back.ts";
import { joined, t } from "../../platform/texts.ts";
import { dosageWords } from "../../platform/dosage-words.ts";
import { stopped, taken } from "../chart/home-medication-status.ts";
import { calledIn } from "./move.ts";
import { dropDraft, useDraft, useKept } from "../../platform/drafts.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");
const DISPOSITIONS = ["home", "other-hcf", "rehab", "long", "aadvice", "oth"] as const satisfies Disposition[];
/** Limit per patient; for more, the first ones are asked about. */
const MAX_ASKED = "50";

/** Decisions about paused medication; if it stays paused nothing is written. */
const BECOMES: Record<string, (one: MedicationStatement) => MedicationStatement> = {
  again: taken,
  stop: (one) => stopped(one, today()),
};

type Change = [before: MedicationStatement, stored: MedicationStatement];

/** Stores each separately: changes by others are reported, and do not prevent the discharge. @returns those that were stored */
async function storeAll(paused: MedicationStatement[], chosen: Record<string, string>): Promise<Change[]> {
  const done: Change[] = [];
  for (const one of paused) {
    const change = BECOMES[chosen[one.id ?? ""] ?? ""];
    if (!change) continue;
    try {
      done.push([one, await update(change(one))]);
    } catch (error) {
      sayFault(error);
    }
  }
  return done;
}

interface DischargeProps {
  stay: BoardStay;
  /** Carries out an action, reports it, and offers to undo it. @returns whether it succeeded */
  act: (work: () => Promise<unknown>, text: string, undo: () => Promise<unknown>) => Promise<boolean>;
}

export function Discharge({ stay: { stay, version, patient, ...person }, act }: DischargeProps) {
  const name = calledIn(person);
  const reason = t("undo.reason");
  const mayAsk = offers("MedicationStatement");
  const ask = () => search<MedicationStatement>("MedicationStatement", { patient, status: "on-hold", _count: MAX_ASKED });
  const loaded = useLoad<Found<MedicationStatement>>(`paused ${patient}`, ask, 0, mayAsk);
  const kept = `discharge ${stay}`;
  const [disposition, setDisposition] = useKept(kept, "disposition", "home");
  /** The decision about each, by id. */
  const { draft: chosen, set: choose, clear } = useDraft(`${kept} paused`);
  const send = async () => {
    // If the list is not loaded yet, waits for it. If it cannot be loaded, the patient can be discharged anyway.
    const { resources: paused } = loaded.value ?? (mayAsk ? await ask().catch(() => ({ resources: [] })) : { resources: [] });
    if (paused.some(({ id = "" }) => !chosen.value[id])) throw new Refused(422, "PAUSED_UNDECIDED", "");
    let changes: Change[] = [];
    let isBack = false;
    const back = async () => {
      if (!isBack) await stays.cancelDischarge({ stay, reason });
      isBack = true;
      await takeBackEach(changes, ([before, stored]) => takeBack(before, stored));
    };
    const work = async () => {
      await stays.discharge({ stay, version, disposition: disposition as Disposition });
      changes = await storeAll(paused, chosen.value);
    };
    // What was decided stays until it is carried out.
    if (!(await act(work, t("ward.discharged", { name }), back))) return;
    clear();
    dropDraft(kept);
  };
  const die = () =>
    act(
      () => stays.die({ stay, version }),
      t("ward.died", { name }),
      () => stays.cancelDeath({ stay, reason }),
    );
  const becomes = ["again", "stop", "later"] as const;
  const options = [["", t("choose")], ...becomes.map((one) => [one, t(`discharge.paused.${one}`)])];
  const row = (one: MedicationStatement) => {
    const { id = "" } = one;
    const label = joined(medicationText(one), dosageWords(one.dosage));
    return html`<${Field} key=${id} label=${label} name=${`paused-${id}`} value=${chosen.value[id] ?? ""} onValue=${(what: string) => choose(id, what)} options=${options} required />`;
  };
  const paused = loaded.value?.resources ?? [];
  return html`${mayAsk && html`<${NotKnown} loaded=${loaded} />`}
    <${Form} send=${send} submit=${t("ward.discharge")} isInline>${() => html`
      ${paused.length > 0 && html`<fieldset><legend>${t("discharge.paused")}</legend><div class="fields">${paused.map(row)}</div></fieldset>`}
      <${Field} label=${t("ward.disposition")} name="disposition" value=${disposition} onValue=${setDisposition} options=${DISPOSITIONS.map((one) => [one, t(`disposition.${one}`)])} />`}<//>
    <p class="buttons"><button type="button" class="quiet" onClick=${die}>${t("ward.die")}</button></p>`;
}
