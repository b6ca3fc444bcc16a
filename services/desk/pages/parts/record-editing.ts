/** A form that changes a FHIR resource (see `editing.ts`), with undo. */
import { useState } from "preact/hooks";
import type { FhirResource } from "../../../../fhir/r4.ts";
import { read, update } from "../platform/api.ts";
import type { Draft } from "../platform/drafts.ts";
import { takeBack } from "../platform/taken-back.ts";
import { type Edited, type Editing, useEditing } from "./editing.ts";
import { say } from "./notices.ts";

/** How a resource relates to the fields of its form. */
interface EditedRecord<Resource> extends Pick<Edited<Resource>, "fieldsOf" | "readOf" | "onClose" | "onDone"> {
  /** The resource as the page shows it when the form opens. */
  of: Resource;
  /** The resource with these fields; everything else is kept, also within unchanged fields. */
  withFields: (one: Resource, fields: Draft) => Resource;
  /** Storing cannot be undone. Default: it can. */
  isFinal?: boolean;
}

/** What was last stored here: the page may not have read it yet when the next change begins, and one's own change is no conflict. */
let last: FhirResource | undefined;

function newestOf<Resource extends FhirResource>(shown: Resource): Resource {
  const isOwn = last?.resourceType === shown.resourceType && last.id === shown.id;
  return isOwn && Number(last?.meta?.versionId) > Number(shown.meta?.versionId) ? (last as Resource) : shown;
}

const versionOf = (one: FhirResource): string | undefined => one.meta?.versionId;

/** State and actions of such a form. */
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
