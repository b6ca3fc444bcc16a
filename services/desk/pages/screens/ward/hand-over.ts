/** Hand-over notes between shifts about a patient: one line to write, the latest notes above it. */
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { BoardStay } from "../../../../wards/board.contract.ts";
import { html } from "../../html.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { actionsOf } from "../../platform/api.ts";
import { useDraft } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { t } from "../../platform/texts.ts";
import { NoteText, notesOf } from "./hand-over-notes.ts";
import { calledIn } from "./move.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");

/** The name under which a note is kept until it is sent. @param stay "Encounter/…" */
export const handOverOf = (stay: string): string => `hand-over.${stay}`;

export function HandOver({ stay: { stay, name }, onDone }: { stay: BoardStay; onDone: () => void }) {
  const known = useLoad(`hand-overs ${stay}`, () => notesOf(stay));
  const { draft, set, clear } = useDraft(handOverOf(stay));
  const send = async () => {
    await stays.handOver({ stay, text: draft.value["text"] ?? "" });
    clear();
    say(t("ward.handedOver", { name: calledIn({ name }) }));
    onDone();
  };
  return html`<section class="stack" aria-label=${t("ward.handOvers")}>
    <h3>${t("ward.handOvers")}</h3>
    <${NotKnown} loaded=${known} />
    ${known.value?.length === 0 && html`<p class="muted">${t("ward.noHandOver")}</p>`}
    <ul class="list">${(known.value ?? []).map((one) => html`<li key=${one.id}><${NoteText} note=${one} /></li>`)}</ul>
    <${Form} send=${send} submit=${t("ward.handOver")} label=${t("ward.handOver")} isInline>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("ward.handOver.text")} name="hand-over" hint=${t("ward.handOver.hint")} value=${draft.value["text"] ?? ""} onValue=${(text: string) => set("text", text)} required fault=${faultOf("text")} />`}
    <//>
  </section>`;
}
