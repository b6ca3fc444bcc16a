/** A form that changes a resource of FHIR, as `editing.ts` says; what was stored can be taken back. */
import { useState } from "preact/hooks";
import type { FhirResource } from "../../../../fhir/r4.ts";
import { read, update } from "../platform/api.ts";
import type { Draft } from "../platform/drafts.ts";
import { takeBack } from "../platform/taken-back.ts";
import { type Edited, type Editing, useEditing } from "./editing.ts";
import { say } from "./notices.ts";

/** How a resource and the fields of its form belong together. */
interface EditedRecord<Resource> extends Pick<Edited<Resource>, "fieldsOf" | "readOf" | "onClose" | "onDone"> {
  /** As the page shows it: the form is about what it is when it opens. */
  of: Resource;
  /** The record with these fields; all else stays, of fields that are as they were too. */
  withFields: (one: Resource, fields: Draft) => Resource;
  /** What is stored cannot be taken back. Default: it can. */
  isFinal?: boolean;
}

/** What was stored here last: the page may not have read it again when the next change is begun, and one's own is no other's. */
let last: FhirResource | undefined;

function newestOf<Resource extends FhirResource>(shown: Resource): Resource {
  const isOwn = last?.resourceType === shown.resourceType && last.id === shown.id;
  return isOwn && Number(last?.meta?.versionId) > Number(shown.meta?.versionId) ? (last as Resource) : shown;
}

const versionOf = (one: FhirResource): string | undefined => one.meta?.versionId;

/** See the head of this file. */
export function useRecordEditing<Resource extends FhirResource>(edited: EditedRecord<Resource>): Editing {
  const { withFields, isFinal, onDone, ...rest } = edited;
  const [of] = useState(() => newestOf(edited.of));
  const reference = `${of.resourceType}/${of.id}`;
  return useEditing<Resource>({
    ...rest,
    name: `change ${of.id}`,
    of,
    versionOf,
    onDone,
    isStale: ({ status }) => status === 412,
    store: async (record, fields, { seen, said }) => {
      const stored = await update(withFields(record, fields), seen);
      last = stored;
      const back = async () => {
        last = await takeBack(record, stored);
        onDone();
      };
      say(said, isFinal ? undefined : back);
    },
    versionsOf: (record, seen) => {
      const before = seen === versionOf(record) ? record : read<Resource>(`${reference}/_history/${seen}`).catch(() => undefined);
      return Promise.all([read<Resource>(reference), before]);
    },
  });
}
