/**
 * Writes a note, edits a draft, or amends a signed note: the amendment replaces it, and both are kept. Changes by others are shown beside what was typed,
 * and nothing of either is lost.
 */
import { useState } from "preact/hooks";
import type { DocumentReference } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { create, createAndUpdate, read, Refused, search, update } from "../../platform/api.ts";
import { useDraft } from "../../platform/drafts.ts";
import { isDraft, noteText } from "../../platform/notes.ts";
import { person } from "../../platform/sign-in.ts";
import { asNow, takeBack } from "../../platform/taken-back.ts";
import { t } from "../../platform/texts.ts";

/** LOINC's code for a note of no particular kind. */
const NOTE = { coding: [{ system: "http://loinc.org", code: "34109-9", display: "Note" }] };

const encoded = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const contentOf = (text: string) => [{ attachment: { contentType: "text/plain; charset=utf-8", data: encoded(text) } }];

function noteOf(patient: string, text: string, amends?: DocumentReference): DocumentReference {
  const author = person.value?.fhirUser;
  return {
    resourceType: "DocumentReference",
    status: "current",
    docStatus: amends ? "amended" : "preliminary",
    type: NOTE,
    subject: { reference: patient },
    date: new Date().toISOString(),
    ...(author?.startsWith("Practitioner/") && { author: [{ reference: author }] }),
    content: contentOf(text),
    ...(amends && { relatesTo: [{ code: "replaces" as const, target: { reference: `DocumentReference/${amends.id}` } }] }),
  };
}

/** The current version of a note: itself, or what has replaced it. */
async function newest({ id }: DocumentReference): Promise<DocumentReference> {
  const reference = `DocumentReference/${id}`;
  const { resources } = await search<DocumentReference>("DocumentReference", {
    relatesto: reference,
    relation: "replaces",
    _sort: "-date",
  });
  return resources[0] ?? (await read<DocumentReference>(reference));
}

interface NoteFormProps {
  patient: string;
  /** The note to edit or amend; absent: a new note. */
  of?: DocumentReference;
  onClose: () => void;
  onDone: () => void;
}

export function NoteForm({ patient, of: found, onClose, onDone }: NoteFormProps) {
  const [of, setOf] = useState(found);
  const [isTheirs, setTheirs] = useState(false);
  const version = found?.meta?.versionId;
  const { draft, set, clear, basis } = useDraft(`note.${patient}.${found?.id ?? ""}`, { text: found ? noteText(found) : "" }, version);
  const store = async (text: string) => {
    if (!of) {
      const made = await create(noteOf(patient, text));
      const discard = () =>
        update({ ...made, status: "entered-in-error" }, asNow(`DocumentReference/${made.id}`, made.meta?.versionId ?? ""));
      return say(t("note.stored"), () => discard().then(onDone));
    }
    // Text typed before a reload is based on the version of that time.
    const seen = isTheirs ? of.meta?.versionId : (basis() ?? version);
    const before: DocumentReference = { ...of, meta: { ...of.meta, ...(seen && { versionId: seen }) } };
    if (isDraft(of)) {
      const stored = await update({ ...before, content: contentOf(text) });
      return say(t("note.changed"), () => takeBack(before, stored).then(onDone));
    }
    await createAndUpdate(noteOf(patient, text, of), { ...before, status: "superseded" });
    say(t("note.changed"));
  };
  const leave = () => {
    clear();
    onClose();
  };
  const send = async () => {
    try {
      await store(draft.value["text"] ?? "");
    } catch (error) {
      if (!of || !(error instanceof Refused) || error.status !== 412) throw error;
      setOf(await newest(of));
      return setTheirs(true);
    }
    leave();
    onDone();
  };
  const label = t(!of ? "note.new" : isDraft(of) ? "note.edited" : "note.amendment");
  const submit = t(!of ? "note.store" : isDraft(of) ? "store" : "note.amend");
  return html`${
    isTheirs &&
    of &&
    html`<div role="alert"><p class="not-known">${t("note.conflict")}</p><blockquote class="note-text" dir="auto" aria-label=${t("merge.theirs")}>${noteText(of)}</blockquote></div>`
  }
  <${Form} send=${send} submit=${submit} label=${t("notes")} isInline onCancel=${of ? leave : undefined}>
    ${() => html`<${Field} label=${label} name="note" rows=${of ? 6 : 3} value=${draft.value["text"] ?? ""} onValue=${(text: string) => set("text", text)} required autofocus=${of !== undefined} />`}
  <//>`;
}
