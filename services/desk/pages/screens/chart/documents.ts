/** Documents that are no text, as other systems send letters and pictures. */
import type { Attachment, DocumentReference } from "../../../../../fhir/r4.ts";
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

/** A button that saves a file; none for a file that is elsewhere. @param name of a file without a title */
export function SaveFile({ of: { contentType = "", data, title }, name }: { of: Attachment; name: string }) {
  if (data === undefined) return null;
  const save = () => saveFile(title ?? name, bytesOf(data), contentType);
  return html`<button type="button" class="quiet" onClick=${save}>${t("document.save")}<${For} who=${title ?? name} /></button>`;
}

/** A document in a list. */
export function Document({ of }: { of: DocumentReference }) {
  const [first] = of.content;
  return html`<article class="note"><p><bdi>${titleOf(of)}</bdi></p>
    <p class="muted">${momentOf(of.date)} ${first && html`<${SaveFile} of=${first.attachment} name=${titleOf(of)} />`}</p></article>`;
}
