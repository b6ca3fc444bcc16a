/** Documents that are no text, as other systems send letters and pictures. */
import type { DocumentReference } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { For } from "../../parts/for.ts";
import { momentOf } from "../../platform/clock.ts";
import { bytesOf } from "../../platform/notes.ts";
import { saveFile } from "../../platform/saving.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { joined, t } from "../../platform/texts.ts";

/** What a document is. */
export const titleOf = ({ type, description, content: [first] }: DocumentReference): string =>
  joined(conceptOf(type), description ?? first?.attachment.title) || (first?.attachment.contentType ?? "");

/** A document in a list, with a button that saves its file, unless that is elsewhere. */
export function Document({ of }: { of: DocumentReference }) {
  const { contentType = "", data, title = `${of.id}` } = of.content[0]?.attachment ?? {};
  const save = () => saveFile(title, bytesOf(data ?? ""), contentType);
  return html`<article class="note"><p><bdi>${titleOf(of)}</bdi></p>
    <p class="muted">${momentOf(of.date)} ${data && html`<button type="button" class="quiet" onClick=${save}>${t("document.save")}<${For} who=${titleOf(of)} /></button>`}</p></article>`;
}
