/** What is typed and not sent yet: it survives a reload and a closed lid, in this tab only; signing out deletes it. */
import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** Values of a form's fields by name. */
export type Draft = Record<string, string>;

/** What is kept: fields that were typed in, and which version of a record the person saw then. */
interface Kept {
  typed: Draft;
  basis?: string | undefined;
}

/** A form's values as they are typed. */
export interface Drafting {
  draft: Signal<Draft>;
  /** The version that was seen when the first field was typed in; undefined: nothing is typed, or it is about no record. */
  basis(): string | undefined;
  /** The fields that were typed in. */
  typed(): Draft;
  set(field: string, value: string): void;
  clear(): void;
}

const KEPT_AS = "desk.draft.";

const keptAs = (key: string): Kept => ({ typed: {}, ...(JSON.parse(sessionStorage.getItem(key) ?? "{}") as Partial<Kept>) });

/** @param initial what stands in fields that nobody has typed in @param version of the record that is changed */
export function useDraft(name: string, initial: Draft = {}, version?: string): Drafting {
  const key = KEPT_AS + name;
  const draft = useSignal<Draft>({ ...initial, ...keptAs(key).typed });
  useEffect(() => {
    draft.value = { ...initial, ...keptAs(key).typed };
  }, [key]);
  return {
    draft,
    basis: () => keptAs(key).basis,
    typed: () => keptAs(key).typed,
    set(field, value) {
      const { typed, basis = version } = keptAs(key);
      draft.value = { ...draft.value, [field]: value };
      sessionStorage.setItem(key, JSON.stringify({ typed: { ...typed, [field]: value }, basis } satisfies Kept));
    },
    clear() {
      draft.value = { ...initial };
      sessionStorage.removeItem(key);
    },
  };
}

/** What somebody has typed into one field of a form; the form forgets it when it is sent or cancelled (`draft` of `Form`). @param form its name, with what it is about */
export function useKept(form: string, field: string, initial = ""): [string, (value: string) => void] {
  const { draft, set } = useDraft(form, { [field]: initial });
  return [draft.value[field] ?? initial, (value) => set(field, value)];
}

/** What was typed into a form is not kept any more. */
export const dropDraft = (form: string): void => sessionStorage.removeItem(KEPT_AS + form);
