/** Notes: written, signed, amended. A signed one is never changed: its amendment replaces it, and both are kept. */
import { useState } from "preact/hooks";
import type { DocumentReference } from "../../../../../fhir/r4.ts";
import type { records as recordsContract } from "../../../../records/records.contract.ts";
import { html } from "../../html.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { actionsOf, create, type Found, Refused, update } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import type { Loaded } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { person, renew } from "../../platform/sign-in.ts";
import { t } from "../../platform/texts.ts";

const records = actionsOf<typeof recordsContract>("records");
/** LOINC's code for a note of no particular kind. */
const NOTE = { coding: [{ system: "http://loinc.org", code: "34109-9", display: "Note" }] };

const encoded = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** The text of a note; "" for a document of another kind. */
export function noteText({ content: [first] }: DocumentReference): string {
  const { contentType = "", data } = first?.attachment ?? {};
  if (!contentType.startsWith("text/plain") || data === undefined) return "";
  return new TextDecoder().decode(Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)));
}

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
    content: [{ attachment: { contentType: "text/plain; charset=utf-8", data: encoded(text) } }],
    ...(amends && { relatesTo: [{ code: "replaces" as const, target: { reference: `DocumentReference/${amends.id}` } }] }),
  };
}

/** Signs; who has become a practitioner since the token was given gets one that says so. */
const signed = (reference: string): Promise<unknown> =>
  records.sign({ reference }).catch(async (error: unknown) => {
    const isNobody = error instanceof Refused && error.type === "NO_PRACTITIONER";
    if (!isNobody || !(await renew())) throw error;
    return records.sign({ reference });
  });

interface NotesProps {
  loaded: Loaded<Found<DocumentReference>>;
  patient: string;
}

/** See the head of this file. */
export function Notes({ loaded, patient }: NotesProps) {
  const [amended, setAmended] = useState<DocumentReference | undefined>();
  const mayEdit = offers("DocumentReference");
  const sign = async (note: DocumentReference) => {
    const reference = `DocumentReference/${note.id}`;
    try {
      if (note.docStatus === "preliminary") await update({ ...note, docStatus: "final" });
      await signed(reference);
      say(t("note.signed"));
    } catch (error) {
      sayFault(error);
    }
    loaded.reload();
  };
  const verify = async ({ id }: DocumentReference) => {
    try {
      const { signatures } = await records.verify({ reference: `DocumentReference/${id}` });
      const valid = signatures.find(({ isValid, isCurrent }) => isValid && isCurrent);
      say(
        valid
          ? t("note.isSigned", { who: valid.who ?? "", at: momentOf(valid.at) })
          : t(signatures.length === 0 ? "note.unsigned" : "note.broken"),
      );
    } catch (error) {
      sayFault(error);
    }
  };
  const show = ({ resources, isPartial }: Found<DocumentReference>) => {
    const notes = resources.filter((one) => one.status === "current" && noteText(one) !== "");
    return html`<${Partial} isPartial=${isPartial} />
      ${
        mayEdit &&
        html`<${Write} key=${amended?.id} patient=${patient} amends=${amended} onDone=${() => {
          setAmended(undefined);
          loaded.reload();
        }} />`
      }
      ${notes.length === 0 && html`<p class="muted">${t("none")}</p>`}
      ${notes.map(
        (one) => html`<article key=${one.id} class="note"><p class="note-text" dir="auto">${noteText(one)}</p>
        <p class="muted">${momentOf(one.date)} <span class="tag">${t(one.docStatus === "preliminary" ? "note.draft" : one.docStatus === "amended" ? "note.amended" : "note.final")}</span>
        ${one.docStatus !== "preliminary" && html`<button type="button" class="quiet" onClick=${() => verify(one)}>${t("note.verify")}</button>`}
        ${mayEdit && one.docStatus !== "final" && html`<button type="button" onClick=${() => sign(one)}>${t("note.sign")}</button>`}
        ${mayEdit && one.docStatus !== "preliminary" && html`<button type="button" onClick=${() => setAmended(one)}>${t("note.amend")}</button>`}</p></article>`,
      )}`;
  };
  return html`<${Panel} title=${t("notes")} loaded=${loaded} show=${show} />`;
}

function Write({ patient, amends, onDone }: { patient: string; amends?: DocumentReference; onDone: () => void }) {
  const { draft, set, clear } = useDraft(`note.${patient}.${amends?.id ?? ""}`, { text: amends ? noteText(amends) : "" });
  const send = async () => {
    const text = draft.value["text"] ?? "";
    const made = await create(noteOf(patient, text, amends));
    if (amends) await update({ ...amends, status: "superseded" });
    else say(t("note.stored"), () => update({ ...made, status: "entered-in-error" }).then(onDone));
    clear();
    onDone();
  };
  return html`<${Form} send=${send} submit=${t(amends ? "note.amend" : "note.store")} label=${t("notes")} isInline onCancel=${amends ? onDone : undefined}>
    ${() => html`<${Field} label=${t(amends ? "note.amendment" : "note.new")} name="note" rows=${3} value=${draft.value["text"] ?? ""} onValue=${(text: string) => set("text", text)} required />`}
  <//>`;
}
