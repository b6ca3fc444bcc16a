/**
 * A form that changes a record. What others have made of the record meanwhile is not written over: both versions are shown, and one chooses.
 * What was typed is kept until one has chosen, over a reload and a closed dialog too.
 */
import { useState } from "preact/hooks";
import { type Children, html } from "../html.ts";
import { Refused } from "../platform/api.ts";
import { type Draft, useDraft } from "../platform/drafts.ts";
import { MergeView } from "./merge-view.ts";
import { sayFault } from "./notices.ts";

/** How a record and the fields of its form belong together. */
export interface Edited<Of> {
  /** What is typed is kept under this name. */
  name: string;
  /** The record as it is when the form opens. */
  of: Of;
  versionOf: (one: Of) => string | undefined;
  fieldsOf: (one: Of) => Draft;
  /** What was typed, as it is stored: a day in words is the same day. Default: as it was typed. */
  readOf?: (typed: Draft) => Draft;
  /** Stores the record with these fields, and says so in the words of `said`. @throws Refused, stale where it is not of the version `seen` any more */
  store: (record: Of, fields: Draft, about: { seen: string | undefined; said: string }) => Promise<unknown>;
  isStale: (refusal: Refused) => boolean;
  /** The record as others have made it, and as it was when it was seen; undefined: that is not known any more. */
  versionsOf: (one: Of, seen: string | undefined, fields: Draft) => Promise<[Of, Of | undefined]>;
  onClose: () => void;
  /** Something was stored. */
  onDone: () => void;
}

interface Conflict<Of> {
  base: Draft;
  /** Fields that were changed here. */
  changes: Draft;
  theirs: Of;
  said: string;
}

/** What a form needs that changes a record. */
export interface Editing {
  /** The fields as they stand in the form. */
  fields: Draft;
  set: (field: string, value: string) => void;
  /** Stores what was typed. @param said when it is stored @throws what was refused, but for others' changes */
  send: (said: string) => Promise<void>;
  /** Stores these fields alone, by one press of a button; says what was refused. */
  act: (changes: Draft, said: string) => Promise<void>;
  /** Forgets what was typed. */
  leave: () => void;
  /** Others have changed the record: what there is to choose from. */
  conflict?: { base: Draft; mine: Draft; theirs: Draft; onChosen: (chosen: Draft) => Promise<void> };
}

/** See the head of this file. */
export function useEditing<Of>(edited: Edited<Of>): Editing {
  const { of, versionOf, fieldsOf, readOf = (typed) => typed, onClose } = edited;
  const [found] = useState(of);
  const [conflict, setConflict] = useState<Conflict<Of> | undefined>();
  const { draft, set, clear, basis, typed } = useDraft(edited.name, fieldsOf(found), versionOf(found));
  const leave = () => {
    clear();
    onClose();
  };
  const end = () => {
    leave();
    edited.onDone();
  };
  /** Others have made of the record what is wanted: there is nothing to choose, and nothing to store. */
  const isAlready = (theirs: Of, changes: Draft): boolean =>
    Object.entries(fieldsOf(theirs)).every(([field, value]) => (changes[field] ?? value) === value);
  /** @param seen the version that the changes are about */
  const store = async (record: Of, changes: Draft, said: string, seen = versionOf(record)) => {
    const fields = { ...fieldsOf(record), ...changes };
    try {
      await edited.store(record, fields, { seen, said });
    } catch (error) {
      if (!(error instanceof Refused) || !edited.isStale(error)) throw error;
      const [theirs, before] = await edited.versionsOf(record, seen, fields);
      if (isAlready(theirs, changes)) return end();
      const empty = Object.fromEntries(Object.keys(changes).map((field) => [field, ""]));
      const base = before ? { ...empty, ...fieldsOf(before) } : {};
      // While one chooses, what both have found stays what it was.
      return setConflict({ base: conflict?.base ?? base, changes: conflict?.changes ?? changes, theirs, said });
    }
    end();
  };
  return {
    fields: draft.value,
    set,
    send: (said) => store(found, readOf(typed()), said, basis()),
    act: (changes, said) => store(found, changes, said).catch(sayFault),
    leave,
    ...(conflict && {
      conflict: {
        base: conflict.base,
        // What was not changed here is as it was seen, so that what others have changed is seen too.
        mine: { ...fieldsOf(conflict.theirs), ...conflict.base, ...conflict.changes },
        theirs: fieldsOf(conflict.theirs),
        // What there is nothing to choose of, as a reason, is sent as it was typed.
        onChosen: async (chosen) => {
          const changes = { ...conflict.changes, ...chosen };
          return isAlready(conflict.theirs, changes) ? end() : store(conflict.theirs, changes, conflict.said);
        },
      },
    }),
  };
}

interface EditingProps {
  editing: Editing;
  /** What is changed. */
  label: string;
  /** Names of its fields. */
  labels: Record<string, string>;
  /** A field as people read it. */
  textOf?: (field: string, value: string) => string;
  /** The form, and what else is pressed. */
  children: Children;
}

/** The form, or the choice between both versions. */
export const EditingOf = ({ editing: { conflict, leave }, children, ...shown }: EditingProps) =>
  conflict ? html`<${MergeView} ...${shown} ...${conflict} onCancel=${leave} />` : children;
