/** What is typed and not sent yet: it survives a reload and a closed lid, in this tab only; signing out deletes it. */
import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** Values of a form's fields by name. */
export type Draft = Record<string, string>;

/** @returns the values, kept as they change, and what empties them */
export function useDraft(
  name: string,
  initial: Draft = {},
): { draft: Signal<Draft>; set(field: string, value: string): void; clear(): void } {
  const key = `desk.draft.${name}`;
  const draft = useSignal<Draft>({ ...initial, ...(JSON.parse(sessionStorage.getItem(key) ?? "{}") as Draft) });
  useEffect(() => {
    draft.value = { ...initial, ...(JSON.parse(sessionStorage.getItem(key) ?? "{}") as Draft) };
  }, [key]);
  return {
    draft,
    set(field, value) {
      draft.value = { ...draft.value, [field]: value };
      sessionStorage.setItem(key, JSON.stringify(draft.value));
    },
    clear() {
      draft.value = { ...initial };
      sessionStorage.removeItem(key);
    },
  };
}
