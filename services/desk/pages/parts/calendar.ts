/** A month from which a day is chosen, in the page's language: by mouse, or by arrow keys, Page Up and Page Down, Home and End. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.ts";
import { dayNameOf, firstOfWeek, monthOf, today, weekdayOf } from "../platform/clock.ts";
import { daysAfter, monthsAfter, weeksOf } from "../platform/days.ts";
import { t } from "../platform/texts.ts";

interface CalendarProps {
  /** The chosen day, YYYY-MM-DD, or "". */
  value: string;
  min?: string | undefined;
  max?: string | undefined;
  onChoose: (day: string) => void;
}

const within = (day: string, min = "", max = "9999"): string => (day < min ? min : day > max ? max : day);

/** The day to which a key moves; undefined if the key has no meaning here. */
function ledTo(key: string, day: string, weeks: string[][]): string | undefined {
  const week = weeks.find((days) => days.includes(day)) ?? [];
  const forward = document.documentElement.dir === "rtl" ? -1 : 1;
  const steps: Record<string, () => string | undefined> = {
    ArrowRight: () => daysAfter(day, forward),
    ArrowLeft: () => daysAfter(day, -forward),
    ArrowDown: () => daysAfter(day, 7),
    ArrowUp: () => daysAfter(day, -7),
    PageDown: () => monthsAfter(day, 1),
    PageUp: () => monthsAfter(day, -1),
    Home: () => week[0],
    End: () => week.at(-1),
  };
  return steps[key]?.();
}

export function Calendar({ value, min, max, onChoose }: CalendarProps) {
  const [day, setDay] = useState(within(value.length === 10 ? value : today(), min, max));
  const grid = useRef<HTMLTableElement>(null);
  const isByKey = useRef(true); // it opens with the focus on the day
  useLayoutEffect(() => {
    if (isByKey.current) grid.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
    isByKey.current = false;
  }, [day]);
  const weeks = weeksOf(day, firstOfWeek());
  const onKeyDown = (event: KeyboardEvent) => {
    const next = ledTo(event.key, day, weeks);
    if (next === undefined) return;
    event.preventDefault();
    isByKey.current = true;
    setDay(within(next, min, max));
  };
  const cell = (one: string) => {
    const isOut = one !== within(one, min, max);
    const isOther = one.slice(0, 7) !== day.slice(0, 7);
    return html`<td key=${one}>${!isOther && html`<button type="button" class="quiet" tabindex=${one === day ? 0 : -1} disabled=${isOut} aria-pressed=${one === value} aria-current=${one === today() ? "date" : undefined} aria-label=${dayNameOf(one)} onClick=${() => onChoose(one)}>${Number(one.slice(8))}</button>`}</td>`;
  };
  const turn = (months: number, sign: string, label: string) =>
    html`<button type="button" class="quiet" aria-label=${label} onClick=${() => setDay(within(monthsAfter(day, months), min, max))}>${sign}</button>`;
  return html`<div class="calendar">
    <div class="line">${turn(-12, "«", t("calendar.yearBefore"))}${turn(-1, "‹", t("calendar.before"))}<strong aria-live="polite">${monthOf(day)}</strong>${turn(1, "›", t("calendar.after"))}${turn(12, "»", t("calendar.yearAfter"))}</div>
    <table ref=${grid} onKeyDown=${onKeyDown} aria-label=${monthOf(day)}><thead><tr>${(weeks[0] ?? []).map((one) => html`<th key=${one} scope="col"><abbr title=${weekdayOf(one, "long")}>${weekdayOf(one, "short")}</abbr></th>`)}</tr></thead>
      <tbody>${weeks.map((week) => html`<tr key=${week[0]}>${week.map(cell)}</tr>`)}</tbody></table>
  </div>`;
}
