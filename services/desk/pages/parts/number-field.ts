/**
 * A field for a number, typed with a point or a comma and in the digits of any script; ambiguous numbers are not sent. A browser's own number field drops
 * characters that its language does not use: 37,2 would become 372, or nothing.
 */
import { useState } from "preact/hooks";
import { html } from "../html.ts";
import { useUnread } from "../platform/drafts.ts";
import { isInTwoWays, numberTyped } from "../platform/numbers.ts";
import { typedIn } from "../platform/shown-values.ts";
import { t } from "../platform/texts.ts";
import { Field } from "./field.ts";

interface NumberFieldProps {
  label: string;
  name: string;
  /** With a decimal point, or "". */
  value: string;
  /** Called with a number within the bounds, and with "" when the field is emptied; not for text that cannot be parsed. */
  onValue: (value: string) => void;
  min?: string;
  max?: string;
  /** The number must be a multiple of this; "any": no restriction. Default "1": a whole number. */
  step?: string;
  hint?: string;
  required?: boolean;
  autofocus?: boolean;
  fault?: string | undefined;
}

type Bounds = Pick<NumberFieldProps, "min" | "max" | "step">;

const isMultiple = (value: number, step: number): boolean => Math.abs(value / step - Math.round(value / step)) < 1e-9;

/** The number that was typed, or what is wrong with it. */
function readAs(text: string, { min, max, step = "1" }: Bounds): { number?: string; fault?: string } {
  if (text.trim() === "") return { number: "" };
  if (isInTwoWays(text)) return { fault: t("error.NUMBER_IN_TWO_WAYS") };
  const value = numberTyped(text);
  if (value === undefined || (step !== "any" && !isMultiple(value, Number(step)))) return { fault: t("field.bad") };
  if (min !== undefined && value < Number(min)) return { fault: t("field.least", { n: typedIn(Number(min)) }) };
  if (max !== undefined && value > Number(max)) return { fault: t("field.most", { n: typedIn(Number(max)) }) };
  return { number: `${value}` };
}

export function NumberField({ value, onValue, min, max, step, fault, ...more }: NumberFieldProps) {
  const bounds: Bounds = { ...(min !== undefined && { min }), ...(max !== undefined && { max }), ...(step !== undefined && { step }) };
  const [typed, keepText] = useUnread(more.name);
  const [isLeft, setLeft] = useState(typed !== undefined);
  const read = typed === undefined ? readAs(value, bounds) : readAs(typed, bounds);
  const isTyped = typed === undefined || (read.number ?? value) === value; // otherwise another number was proposed meanwhile
  const own = isTyped ? read.fault : undefined;
  const shown = value === "" ? "" : typedIn(Number(value));
  const onInput = (text: string) => {
    const { number } = readAs(text, bounds);
    keepText(text, number !== undefined);
    setLeft(false);
    if (number !== undefined) onValue(number);
  };
  return html`<${Field} ...${more} inputmode="decimal" value=${typed !== undefined && isTyped ? typed : shown} onValue=${onInput} fault=${fault ?? (isLeft ? own : undefined)} data-fault=${own ?? ""} onBlur=${() => setLeft(true)} />`;
}
