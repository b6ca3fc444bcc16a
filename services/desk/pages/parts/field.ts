/** Fields of forms: a label above, errors beside it. */
import { useLayoutEffect } from "preact/hooks";
import { type Children, html } from "../html.ts";

interface FieldProps {
  label: string;
  /** The label is for screen readers only. */
  isLabelHidden?: boolean;
  name: string;
  value: string;
  onValue: (value: string) => void;
  type?: string;
  /** Options of a select: value and text. */
  options?: readonly (readonly [string, string])[];
  hint?: string;
  /** Error message. */
  fault?: string | undefined;
  required?: boolean;
  rows?: number;
  /** Takes the focus when it appears. */
  autofocus?: boolean;
  inputmode?: string;
  min?: string;
  max?: string;
  step?: string;
  list?: string;
  /** The field's own error about what is typed: the form is not sent. */
  "data-fault"?: string;
  /** Called when the focus leaves it. */
  onBlur?: () => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  /** Content beside it, in the same line. */
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
  // Browsers apply the attribute when a document or dialog opens, not to elements rendered later.
  useLayoutEffect(() => {
    if (more.autofocus) document.getElementById(id)?.focus();
  }, []);
  const described = fault ? `${id}-fault` : hint && `${id}-hint`;
  const common = {
    id,
    name,
    value,
    // A browser tells a screen reader that a select without a choice is invalid before anything was chosen, but not that it is required.
    "aria-invalid": fault ? "true" : options ? "false" : undefined,
    "aria-required": options && more.required ? "true" : undefined,
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
