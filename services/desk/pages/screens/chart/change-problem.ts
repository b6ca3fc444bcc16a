/** A problem that is over, is put right, or was noted by mistake. Each can be taken back at once. */
import type { Condition } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { DateField } from "../../parts/date-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { update } from "../../platform/api.ts";
import { today } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import { conceptOf } from "../../platform/names.ts";
import { takeBack } from "../../platform/taken-back.ts";
import { t, type TextKey } from "../../platform/texts.ts";
import { active, enteredInError, resolved, statusOf } from "./problem-status.ts";

/** Put right: what is called otherwise has no code of what it was called before. */
function corrected(one: Condition, { text, since }: { text: string; since: string }): Condition {
  const { onsetDateTime: before, ...rest } = one;
  const onset = since === (before ?? "").slice(0, 10) ? before : since || undefined;
  return {
    ...rest,
    ...(text.trim() !== conceptOf(one.code) && { code: { text: text.trim() } }),
    ...(onset !== undefined && { onsetDateTime: onset }),
  };
}

interface ChangeProblemProps {
  of: Condition;
  onClose: () => void;
  onDone: () => void;
}

/** See the head of this file. */
export function ChangeProblem({ of, onClose, onDone }: ChangeProblemProps) {
  const what = conceptOf(of.code);
  const { draft, set, clear, basis } = useDraft(
    `change ${of.id}`,
    { text: what, since: (of.onsetDateTime ?? "").slice(0, 10) },
    of.meta?.versionId,
  );
  const { text = "", since = "" } = draft.value;
  const isDatedOtherwise = Object.keys(of).some((name) => name.startsWith("onset") && name !== "onsetDateTime");
  /** @param seen the version that was seen when the form was begun */
  const store = async (changed: Condition, said: TextKey, seen?: string) => {
    const stored = await update(changed, seen);
    say(t(said, { what }), () => takeBack(of, stored).then(onDone));
    clear();
    onClose();
    onDone();
  };
  const act = (changed: Condition, said: TextKey) => store(changed, said).catch(sayFault);
  return html`<${Dialog} title=${what} onClose=${onClose}><div class="stack">
    <${Form} send=${() => store(corrected(of, { text, since }), "problem.isCorrected", basis())} submit=${t("store")} label=${t("listed.correct")} onCancel=${() => {
      clear();
      onClose();
    }}>
      ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
        <${Field} label=${t("problem.what")} name="problem-text" value=${text} onValue=${(typed: string) => set("text", typed)} required fault=${faultOf("code")} />
        ${!isDatedOtherwise && html`<${DateField} label=${t("problem.since")} name="problem-since" value=${since} onValue=${(typed: string) => set("since", typed)} max=${today()} isPartial fault=${faultOf("onset")} />`}
      </div>`}
    <//>
    <div class="buttons">
      ${
        statusOf(of) === "active"
          ? html`<button type="button" onClick=${() => act(resolved(of), "problem.isResolved")}>${t("problem.resolve")}</button>`
          : html`<button type="button" onClick=${() => act(active(of), "problem.isActive")}>${t("problem.activate")}</button>`
      }
      <button type="button" onClick=${() => act(enteredInError(of), "problem.isError")}>${t("listed.error")}</button>
    </div>
  </div><//>`;
}
