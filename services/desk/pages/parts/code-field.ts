/** A field for one of the hospital's codes, chosen by name. */
import { html } from "../html.ts";
import type { KnownCode } from "../platform/known-codes.ts";
import { t } from "../platform/texts.ts";
import { Field } from "./field.ts";

interface CodeFieldProps {
  label: string;
  name: string;
  value: string;
  onValue: (value: string) => void;
  codes: KnownCode[];
  fault?: string | undefined;
  autofocus?: boolean;
}

/** The code whose name, or code, was typed; undefined if there is none. */
export const codeNamed = (codes: KnownCode[], text: string): KnownCode | undefined =>
  codes.find(({ display, code }) => display.toLowerCase() === text.trim().toLowerCase() || code === text.trim());

/** The same; a list that is not loaded yet, or was loaded before somebody added the code, is loaded before there is none. */
export const codeNamedNow = async (
  codes: KnownCode[] | undefined,
  load: () => Promise<KnownCode[]>,
  text: string,
): Promise<KnownCode | undefined> => codeNamed(codes ?? [], text) ?? codeNamed(await load(), text);

export function CodeField({ codes, name, ...field }: CodeFieldProps) {
  return html`<${Field} ...${field} name=${name} list=${`${name}-codes`} required hint=${t("codes.hint")} />
    <datalist id=${`${name}-codes`}>${codes.map(({ code, display }) => html`<option key=${code} value=${display}>${code}</option>`)}</datalist>`;
}
