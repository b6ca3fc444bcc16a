/** What is typed and not sent yet: it survives reloads and sleep, in this tab only; signing out deletes it, and so does the sign-in of another person. */
import { useSignal, type Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { mergedOf } from "./merging.ts";
import { DRAFTS_AS } from "./sign-in.ts";

/** Values of a form's fields by name. */
export type Draft = Record<string, string>;

/** What is kept: the typed fields, and the version of the record that the person had seen. */
interface Kept {
  typed: Draft;
  basis?: string | undefined;
  /** By name of the field: text that is no value yet, as a number out of bounds. */
  unread?: Draft;
}

/** A form's values while typing. */
export interface Drafting {
  draft: Signal<Draft>;
  /** The version that was seen when the first field was typed; undefined: nothing was typed, or the form concerns no record. */
  basis(): string | undefined;
  /** The fields that were typed. */
  typed(): Draft;
  set(field: string, value: string): void;
  clear(): void;
}

const keptAs = (key: string): Kept => ({ typed: {}, ...(JSON.parse(sessionStorage.getItem(key) ?? "{}") as Partial<Kept>) });

const keep = (key: string, kept: Kept): void => sessionStorage.setItem(key, JSON.stringify(kept));

/** @param initial values of fields that were not typed @param version of the record that is changed */
export function useDraft(name: string, initial: Draft = {}, version?: string): Drafting {
  const key = DRAFTS_AS + name;
  const draft = useSignal<Draft>({ ...initial, ...keptAs(key).typed });
  useEffect(() => {
    draft.value = { ...initial, ...keptAs(key).typed };
  }, [key]);
  return {
    draft,
    basis: () => keptAs(key).basis,
    typed: () => keptAs(key).typed,
    set(field, value) {
      const { typed, basis = version, ...rest } = keptAs(key);
      draft.value = { ...draft.value, [field]: value };
      keep(key, { ...rest, typed: { ...typed, [field]: value }, basis });
    },
    clear() {
      draft.value = { ...initial };
      sessionStorage.removeItem(key);
    },
  };
}

/** One field of a form whose value is kept until the form is sent or cancelled (`draft` of `Form`). @param form its name, with what it concerns */
export function useKept(form: string, field: string, initial = ""): [string, (value: string) => void] {
  const { draft, set } = useDraft(form, { [field]: initial });
  return [draft.value[field] ?? initial, (value) => set(field, value)];
}

/**
 * Several choices of a form, kept like a field. What others have chosen since, as `initial` shows, is put together with them.
 * @param initial the choices as stored
 */
export function useKeptChoices<Choice extends string>(
  form: string,
  field: string,
  initial: readonly Choice[] = [],
): [Choice[], (chosen: readonly Choice[]) => void] {
  const [kept, set] = useKept(form, field);
  const { from, to } = kept === "" ? { from: initial, to: initial } : (JSON.parse(kept) as { from: Choice[]; to: Choice[] });
  const chosen = mergedOf(from, { mine: to, theirs: initial }) as Choice[];
  return [chosen, (choices) => set(JSON.stringify({ from: initial, to: choices }))];
}

/** The name under which the form around a field keeps what is typed; undefined: it keeps nothing. */
export const FormName = createContext<string | undefined>(undefined);

/**
 * The text of a field that passes on values only, as a number within bounds: what is no value yet is kept with the form, too.
 * @param field its name in the form
 */
export function useUnread(field: string): [text: string | undefined, keepText: (text: string, isRead: boolean) => void] {
  const form = useContext(FormName);
  const key = form === undefined ? undefined : DRAFTS_AS + form;
  const [text, setText] = useState(() => (key === undefined ? undefined : keptAs(key).unread?.[field]));
  const keepText = (typed: string, isRead: boolean) => {
    setText(typed);
    if (key === undefined) return;
    const { unread = {}, ...rest } = keptAs(key);
    const { [field]: _, ...others } = unread;
    keep(key, { ...rest, unread: isRead ? others : { ...others, [field]: typed } });
  };
  return [text, keepText];
}

/** Whether something typed into a form is kept. */
export const isKept = (form: string): boolean => sessionStorage.getItem(DRAFTS_AS + form) !== null;

/** Discards what was typed into a form. */
export const dropDraft = (form: string): void => sessionStorage.removeItem(DRAFTS_AS + form);
