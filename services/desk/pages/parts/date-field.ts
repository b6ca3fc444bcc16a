/** A field for a day, typed as people write it, with its interpretation below and a calendar beside it; in the page's language, whatever the browser's. */
import { useRef, useState } from "preact/hooks";
import { html } from "../html.ts";
import { plainTyped } from "../../../../fhir/plain-digits.ts";
import { birthDateIn } from "../platform/birth-date.ts";
import { dateOf, dayNameOf, today } from "../platform/clock.ts";
import { useUnread } from "../platform/drafts.ts";
import { dayIn, lastDayIn, typedDay } from "../platform/days.ts";
import { t } from "../platform/texts.ts";
import { Calendar } from "./calendar.ts";
import { Field } from "./field.ts";

interface DateFieldProps {
  label: string;
  isLabelHidden?: boolean;
  name: string;
  /** YYYY-MM-DD, or "". */
  value: string;
  /** Called with a day within the bounds, and with "" if none is required; not for text that cannot be parsed. */
  onValue: (value: string) => void;
  min?: string | undefined;
  max?: string | undefined;
  /** A month or a year is accepted: "since 2019". */
  isPartial?: boolean;
  /** A month means its last day: for expiry dates. */
  isLast?: boolean;
  required?: boolean;
  fault?: string | undefined;
}

type ReadProps = Pick<DateFieldProps, "min" | "max" | "isPartial" | "isLast" | "required">;

/** The day that was typed, or what is wrong with it. */
function readAs(text: string, { min = "", max = "9999", isPartial, isLast, required }: ReadProps): { day?: string; fault?: string } {
  if (text.trim() === "") return required ? {} : { day: "" };
  const partly = isPartial && /\d{4}/.test(plainTyped(text)) ? birthDateIn(text, today()) : undefined;
  const day = (isLast ? lastDayIn : dayIn)(text, today()) ?? partly;
  if (day === undefined) return { fault: t("date.bad") };
  if (day < min.slice(0, day.length)) return { fault: t("date.least", { day: dateOf(min) }) };
  return day > max ? { fault: t("date.most", { day: dateOf(max) }) } : { day };
}

/** The interpretation, in words. */
const understood = (day: string): string => (day.length === 10 ? dayNameOf(day) : day === "" ? t("date.hint") : dateOf(day));

/** A sheet of a calendar: drawn, as fonts lack the sign or draw it as another. */
const CalendarIcon = () =>
  html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 1.5v3M10.5 1.5v3M5 9h1.5M9.5 9H11M5 11.5h1.5M9.5 11.5H11" /></svg>`;

export function DateField({ value, onValue, min, max, isPartial, isLast, fault, ...more }: DateFieldProps) {
  const bounds = { min, max, isPartial: isPartial ?? false, isLast: isLast ?? false, required: more.required ?? false };
  const [typed, keepText] = useUnread(more.name);
  const [isLeft, setLeft] = useState(typed !== undefined);
  const [isOpen, setOpen] = useState(false);
  const calendar = useRef<HTMLDivElement>(null);
  const read = typed === undefined ? { day: value } : readAs(typed, bounds);
  const isTyped = typed !== undefined && (read.day ?? value) === value; // otherwise another day was chosen meanwhile
  const own = isTyped ? read.fault : undefined;
  const onInput = (text: string) => {
    const { day } = readAs(text, bounds);
    keepText(text, day !== undefined);
    setLeft(false);
    if (day !== undefined) onValue(day);
  };
  const choose = (day: string) => {
    keepText(typedDay(day), true);
    onValue(day);
    calendar.current?.hidePopover();
  };
  const onToggle = ({ newState }: ToggleEvent) => setOpen(newState === "open");
  const label = t("calendar.of", { what: more.label });
  return html`<${Field} ...${more} value=${isTyped ? typed : typedDay(value)} onValue=${onInput} hint=${own ?? understood(value)} fault=${fault ?? (isLeft ? own : undefined)} data-fault=${own ?? ""} onBlur=${() => setLeft(true)}>
    <button type="button" class="quiet" aria-label=${label} aria-expanded=${isOpen} onClick=${() => calendar.current?.togglePopover()}><${CalendarIcon} /></button>
    <div ref=${calendar} popover="auto" role="dialog" aria-label=${label} onToggle=${onToggle}>${isOpen && html`<${Calendar} value=${value} min=${min} max=${max} onChoose=${choose} />`}</div>
  <//>`;
}
