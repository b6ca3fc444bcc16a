/** Fields of forms: a label above, what is wrong beside it. */
import { useLayoutEffect } from "preact/hooks";
import { type Children, html } from "../html.ts";

interface FieldProps {
  label: string;
  /** It is read out only. */
  isLabelHidden?: boolean;
  name: string;
  value: string;
  onValue: (value: string) => void;
  type?: string;
  /** Choices of a list: value and text. */
  options?: readonly (readonly [string, string])[];
  hint?: string;
  /** What is wrong with it. */
  fault?: string | undefined;
  required?: boolean;
  rows?: number;
  /** It has the focus as soon as it appears. */
  autofocus?: boolean;
  inputmode?: string;
  min?: string;
  max?: string;
  step?: string;
  list?: string;
  /** What it knows to be wrong with what is typed: a form that it stands in is not sent. */
  "data-fault"?: string;
  /** It is left. */
  onBlur?: () => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  /** Beside it, in the same line. */
  children?: Children;
}

type InputEvent = { currentTarget: HTMLInputElement };

/** A field with its label. */
export function Field({
  label,
  isLabelHidden,
  name,
  value,
  onValue,
  options,
  hint,
  fault,
  rows,
  type = "text",
  children,
  ...more
}: FieldProps) {
  const id = `field-${name}`;
  // A browser heeds the attribute when a dialog opens, or a document, and not in what is drawn later.
  useLayoutEffect(() => {
    if (more.autofocus) document.getElementById(id)?.focus();
  }, []);
  const described = fault ? `${id}-fault` : hint && `${id}-hint`;
  const common = {
    id,
    name,
    value,
    "aria-invalid": fault ? "true" : undefined,
    "aria-describedby": described,
    onInput: ({ currentTarget }: InputEvent) => onValue(currentTarget.value),
    ...more,
  };
  const control = options
    ? html`<select ...${common}>${options.map(([one, text]) => html`<option key=${one} value=${one}>${text}</option>`)}</select>`
    : rows
      ? html`<textarea rows=${rows} ...${common}></textarea>`
      : html`<input type=${type} autocomplete="off" ...${common} />`;
  return html`<div class="field">
    <label for=${id} class=${isLabelHidden ? "visually-hidden" : ""}>${label}${more.required && html`<span class="required" aria-hidden="true"> *</span>`}</label>
    <div class="line">${control}${children}</div>
    ${hint && !fault && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${fault && html`<p class="fault" id=${`${id}-fault`}>${fault}</p>`}
  </div>`;
}
