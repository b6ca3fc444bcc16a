/** Notes: written, edited, signed, amended. A signed note never changes: its amendment replaces it, and both are kept. */
import { useState } from "preact/hooks";
import type { DocumentReference, Provenance } from "../../../../../fhir/r4.ts";
import type { records as recordsContract } from "../../../../records/records.contract.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { actionsOf, type Found, Refused, search, update } from "../../platform/api.ts";
import { authorOf } from "../../platform/authors.ts";
import { momentOf } from "../../platform/clock.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { isOpenToAll } from "../../platform/settings.ts";
import { person, renew } from "../../platform/sign-in.ts";
import { t } from "../../platform/texts.ts";
import { isDraft, noteText } from "../../platform/notes.ts";
import { Document } from "./documents.ts";
import { NoteForm } from "./note-form.ts";

const records = actionsOf<typeof recordsContract>("records");
/** Renews the token of a person who has become a practitioner since it was issued. @throws Refused */
async function requirePractitioner(): Promise<void> {
  const isOne = () => isOpenToAll() || person.value?.fhirUser?.startsWith("Practitioner/");
  if (!isOne()) await renew();
  if (!isOne()) throw new Refused(403, "NO_PRACTITIONER", "");
}

/** A valid signature of what the note says now. */
async function signatureOf({ id }: DocumentReference) {
  const { signatures } = await records.verify({ reference: `DocumentReference/${id}` });
  return { of: signatures.find(({ isValid, isCurrent }) => isValid && isCurrent), count: signatures.length };
}

/** Ids of the notes that are signed as they are now. */
async function signedOf(notes: DocumentReference[]): Promise<Set<string>> {
  if (notes.length === 0) return new Set();
  const target = notes.map(({ id }) => `DocumentReference/${id}`).join();
  const { resources } = await search<Provenance>("Provenance", { target, "signature-type:missing": "false", _count: "200" });
  const targets = resources.flatMap(({ target: all, signature = [] }) => (signature.length > 0 ? all : []));
  const versions = new Set(targets.map(({ reference = "" }) => reference));
  const signed = new Set(targets.map(({ reference = "" }) => reference.split("/")[1] ?? ""));
  // Another system may have amended the note itself: then a signature of an older version may not be of this text.
  const isDoubtful = ({ id = "", docStatus, meta }: DocumentReference) =>
    docStatus === "amended" && signed.has(id) && !versions.has(`DocumentReference/${id}/_history/${meta?.versionId}`);
  const isOther = async (note: DocumentReference) => (await signatureOf(note).catch(() => ({ of: undefined }))).of === undefined;
  for (const note of notes.filter(isDoubtful)) if (await isOther(note)) signed.delete(note.id ?? "");
  return signed;
}

/** Interval of reading signatures, which are no versions of the notes, milliseconds. */
const SIGNATURES_EVERY_MS = 30_000;

interface NotesProps {
  loaded: Loaded<Found<DocumentReference>>;
  patient: string;
}

export function Notes({ loaded, patient }: NotesProps) {
  const [open, setOpen] = useState<DocumentReference | undefined>();
  const mayEdit = offers("DocumentReference");
  const current = (loaded.value?.resources ?? []).filter(({ status }) => status === "current");
  const notes = current.filter((one) => noteText(one) !== "");
  const finished = notes.filter((one) => !isDraft(one));
  const versions = finished.map(({ id, meta }) => `${id}/${meta?.versionId}`).join();
  const signed = useLoad(`signed ${versions}`, () => signedOf(finished), SIGNATURES_EVERY_MS);
  const sign = async (note: DocumentReference) => {
    try {
      await requirePractitioner(); // first: otherwise the note could become final without a signature
      const { id, meta } = isDraft(note) ? await update({ ...note, docStatus: "final" }) : note;
      await records.sign({ reference: `DocumentReference/${id}`, version: Number(meta?.versionId) });
      say(t("note.signed"));
    } catch (error) {
      sayFault(error);
    }
    loaded.reload();
    signed.reload();
  };
  const verify = async (note: DocumentReference) => {
    try {
      const { of: valid, count } = await signatureOf(note);
      say(valid ? t("note.isSigned", { who: valid.who ?? "", at: momentOf(valid.at) }) : t(count === 0 ? "note.unsigned" : "note.broken"));
    } catch (error) {
      sayFault(error);
    }
  };
  const isSigned = ({ id = "" }: DocumentReference) => signed.value?.has(id) ?? false;
  const show = ({ included, isPartial, hasMore }: Found<DocumentReference>) => html`<${Partial} isPartial=${isPartial} hasMore=${hasMore} />
      ${
        mayEdit &&
        html`<${NoteForm} key=${open?.id} patient=${patient} of=${open} onClose=${() => setOpen(undefined)} onDone=${loaded.reload} />`
      }
      ${current.length === 0 && !isPartial && html`<p class="muted">${t("none")}</p>`}
      ${notes.map(
        (one) => html`<article key=${one.id} class="note"><p class="note-text" dir="auto">${noteText(one)}</p>
        <p class="muted"><${Dotted} of=${[html`<span class="nowrap">${momentOf(one.date)}</span>`, authorOf(one, one.author?.[0], included)]} /> <span class="tag">${t(isDraft(one) ? "note.draft" : one.docStatus === "amended" ? "note.amended" : "note.final")}</span> ${isSigned(one) && html`<span class="tag good">✓ ${t("note.isSigned.tag")}</span>`}
        ${!isDraft(one) && html`<button type="button" class="quiet" onClick=${() => verify(one)}>${t("note.verify")}</button>`}
        ${mayEdit && !isSigned(one) && html`<button type="button" onClick=${() => sign(one)}>${t("note.sign")}</button>`}
        ${mayEdit && html`<button type="button" onClick=${() => setOpen(one)}>${t(isDraft(one) ? "note.edit" : "note.amend")}</button>`}</p></article>`,
      )}
      ${current.filter((one) => noteText(one) === "").map((one) => html`<${Document} key=${one.id} of=${one} />`)}`;
  return html`<${Panel} title=${t("notes")} loaded=${loaded} show=${show} id="part-notes" />`;
}
