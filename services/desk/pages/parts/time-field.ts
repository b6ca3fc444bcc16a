/** A field for a time of day, typed as people write it, with its interpretation below; 24 hours, whatever the browser's language. */
import { useState } from "preact/hooks";
import { html } from "../html.ts";
import { useUnread } from "../platform/drafts.ts";
import { t } from "../platform/texts.ts";
import { timeIn } from "../platform/times.ts";
import { Field } from "./field.ts";

interface TimeFieldProps {
  label: string;
  name: string;
  /** HH:MM, or "". */
  value: string;
  /** Called with a time, and with "" when the field is emptied; not for text that cannot be parsed. */
  onValue: (value: string) => void;
  /** The interpretation in words; default: the time. */
  textOf?: (time: string) => string;
  required?: boolean;
  autofocus?: boolean;
  fault?: string | undefined;
}

export function TimeField({ value, onValue, textOf = (time) => time, fault, ...more }: TimeFieldProps) {
  const [typed, keepText] = useUnread(more.name);
  const [isLeft, setLeft] = useState(typed !== undefined);
  const readAs = (text: string) => (text.trim() === "" ? "" : timeIn(text));
  const read = typed === undefined ? value : readAs(typed);
  const isTyped = typed !== undefined && (read ?? value) === value; // otherwise another time was chosen meanwhile
  const own = isTyped && read === undefined ? t("time.bad") : undefined;
  const onInput = (text: string) => {
    const time = readAs(text);
    keepText(text, time !== undefined);
    setLeft(false);
    if (time !== undefined) onValue(time);
  };
  return html`<${Field} ...${more} inputmode="numeric" value=${isTyped ? typed : value} onValue=${onInput} hint=${own ?? (value ? textOf(value) : t("time.hint"))} fault=${fault ?? (isLeft ? own : undefined)} data-fault=${own ?? ""} onBlur=${() => setLeft(true)} />`;
}
