/** The person's own unfinished notes, each with a link to its patient's chart. */
import type { DocumentReference } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import type { Joined } from "../../parts/joined.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { momentOf } from "../../platform/clock.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { noteText } from "../../platform/notes.ts";
import { hrefOf } from "../../platform/router.ts";
import { t } from "../../platform/texts.ts";
import { ownDrafts } from "./own-drafts.ts";

/** Characters of a note that are shown. */
const MAX_LETTERS = 120;

const beginningOf = (text: string): string => (text.length > MAX_LETTERS ? `${text.slice(0, MAX_LETTERS)}…` : text);

/** @param turn changes when something has changed @param everyMs interval of reading */
export function Drafts({ turn, everyMs }: { turn: number; everyMs: number }) {
  const known = useLoad("own drafts", ownDrafts, everyMs);
  useTurn(known, turn);
  const show = ({ all, isPartial }: Joined<DocumentReference>) => html`<${Partial} isPartial=${isPartial} />
    ${all.length === 0 && !isPartial && html`<p class="muted">${t("mine.noDrafts")}</p>`}
    <ul class="list">${all.map(
      ({
        of,
        patient,
      }) => html`<li key=${of.id}><span>${patient ? html`<a href=${hrefOf("chart", patient.id, "notes")}><${PersonLine} patient=${patient} /></a>` : t("person.notKnown")}<br />
        <bdi>${beginningOf(noteText(of))}</bdi></span><span class="muted nowrap">${momentOf(of.date)}</span></li>`,
    )}</ul>`;
  return html`<${Panel} title=${t("mine.drafts")} loaded=${known} show=${show} id="part-notes" />`;
}
