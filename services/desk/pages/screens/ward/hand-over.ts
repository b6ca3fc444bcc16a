/** Hand-over notes between shifts about a patient: one line to write, the latest notes above it. */
import type { Communication, Practitioner } from "../../../../../fhir/r4.ts";
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { BoardStay } from "../../../../wards/board.contract.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { actionsOf, search } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { t } from "../../platform/texts.ts";
import { calledIn } from "./move.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");
/** Number of the latest notes shown. */
const MAX_SHOWN = "3";

interface Note {
  id: string;
  text: string;
  at: string | undefined;
  by: string;
}

async function notesOf(stay: string): Promise<Note[]> {
  const query = { encounter: stay, category: "hand-over", _sort: "-sent", _count: MAX_SHOWN, _include: "Communication:sender" };
  const { resources, included } = await search<Communication>("Communication", query);
  const people = new Map(included.map((one) => [`${one.resourceType}/${one.id}`, one as Practitioner]));
  return resources.map(({ id = "", payload = [], sent, sender }) => {
    const person = people.get(sender?.reference ?? "");
    return { id, text: payload[0]?.contentString ?? "", at: sent, by: person ? nameOf(person) : "" };
  });
}

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
    <ul class="list">${(known.value ?? []).map((one) => html`<li key=${one.id}><span class="note-text" dir="auto">${one.text}</span> <span class="muted"><${Dotted} of=${[momentOf(one.at), one.by]} /></span></li>`)}</ul>
    <${Form} send=${send} submit=${t("ward.handOver")} label=${t("ward.handOver")} isInline>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("ward.handOver.text")} name="hand-over" hint=${t("ward.handOver.hint")} value=${draft.value["text"] ?? ""} onValue=${(text: string) => set("text", text)} required fault=${faultOf("text")} />`}
    <//>
  </section>`;
}
