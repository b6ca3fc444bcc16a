/**
 * A form that changes a record. Changes that others have made meanwhile are not overwritten: both versions are shown to choose from. What was typed is
 * kept until then, over reloads and closed dialogs too.
 */
import { useState } from "preact/hooks";
import { type Children, html } from "../html.ts";
import { Refused } from "../platform/api.ts";
import { type Draft, FormName, useDraft } from "../platform/drafts.ts";
import { MergeView } from "./merge-view.ts";
import { sayFault } from "./notices.ts";

/** How a record relates to the fields of its form. */
export interface Edited<Of> {
  /** What is typed is kept under this name. */
  name: string;
  /** The record when the form opens. */
  of: Of;
  versionOf: (one: Of) => string | undefined;
  fieldsOf: (one: Of) => Draft;
  /** Normalizes what was typed to what is stored, e.g. a day in words. Default: as typed. */
  readOf?: (typed: Draft) => Draft;
  /** Stores the record with these fields, and reports `said`. @throws Refused, stale if the record's version is no longer `seen` */
  store: (record: Of, fields: Draft, about: { seen: string | undefined; said: string }) => Promise<unknown>;
  isStale: (refusal: Refused) => boolean;
  /** The current record, and the version that was seen; undefined if that is no longer available. */
  versionsOf: (one: Of, seen: string | undefined, fields: Draft) => Promise<[Of, Of | undefined]>;
  onClose: () => void;
  /** Called after storing. */
  onDone: () => void;
}

interface Conflict<Of> {
  base: Draft;
  /** Fields that were changed here. */
  changes: Draft;
  theirs: Of;
  said: string;
}

/** What a form that changes a record needs. */
export interface Editing {
  /** What is typed is kept under this name. */
  name: string;
  /** The current values of the fields. */
  fields: Draft;
  set: (field: string, value: string) => void;
  /** Stores what was typed. @param said message after storing @throws the refusal, unless others have changed the record */
  send: (said: string) => Promise<void>;
  /** Stores only these fields, for a button; reports refusals. */
  act: (changes: Draft, said: string) => Promise<void>;
  /** Discards what was typed. */
  leave: () => void;
  /** Others have changed the record: the versions to choose from. */
  conflict?: { base: Draft; mine: Draft; theirs: Draft; onChosen: (chosen: Draft) => Promise<void> };
}

/** State and actions of such a form. */
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
  /** Whether others have already stored what is wanted, so that there is nothing to choose or store. */
  const isAlready = (theirs: Of, changes: Draft): boolean =>
    Object.entries(fieldsOf(theirs)).every(([field, value]) => (changes[field] ?? value) === value);
  /** @param seen the version on which the changes are based */
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
      // While choosing, the base of both versions stays the same.
      return setConflict({ base: conflict?.base ?? base, changes: conflict?.changes ?? changes, theirs, said });
    }
    end();
  };
  return {
    name: edited.name,
    fields: draft.value,
    set,
    send: (said) => store(found, readOf(typed()), said, basis()),
    act: (changes, said) => store(found, changes, said).catch(sayFault),
    leave,
    ...(conflict && {
      conflict: {
        base: conflict.base,
        // Fields not changed here have their base values, so that the changes of others are visible.
        mine: { ...fieldsOf(conflict.theirs), ...conflict.base, ...conflict.changes },
        theirs: fieldsOf(conflict.theirs),
        // Fields without a choice, such as a reason, are sent as typed.
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
  /** Title: what is changed. */
  label: string;
  /** Names of the fields. */
  labels: Record<string, string>;
  /** The text of a field's value. */
  textOf?: (field: string, value: string) => string;
  /** The form, and further buttons. */
  children: Children;
}

/** The form, or the choice between both versions. */
export const EditingOf = ({ editing: { name, conflict, leave }, children, ...shown }: EditingProps) =>
  html`<${FormName.Provider} value=${name}>${conflict ? html`<${MergeView} ...${shown} ...${conflict} onCancel=${leave} />` : children}<//>`;
