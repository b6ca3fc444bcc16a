/** Messages about what has just been done, at the foot of the page, with a button to undo it. */
import { signal } from "@preact/signals";
import { html } from "../html.ts";
import { Refused } from "../platform/api.ts";
import { sentenceOf, undoSentenceOf } from "../platform/errors.ts";
import { t } from "../platform/texts.ts";

interface Notice {
  id: number;
  /** In the language that the page has when it is shown. */
  text: () => string;
  isFault?: boolean;
  undo?: () => Promise<unknown>;
}

/** Number of notices kept, the newest. */
const MAX_NOTICES = 3;

const notices = signal<Notice[]>([]);
let count = 0;

/** How long notices without undo that are not errors stay, milliseconds: long enough to read them twice. */
const SEEN_MS = 20_000;
/** How long undo is offered, milliseconds: later it would not be clear what Alt+Z undoes. */
const UNDO_MS = 300_000;

function add(notice: Omit<Notice, "id">): void {
  count += 1;
  const id = count;
  // The same refusal again is one refusal: several would cover a dialog on a phone.
  const others = notices.value.filter((one) => !(notice.isFault && one.isFault && one.text() === notice.text()));
  notices.value = [...others, { id, ...notice }].slice(-MAX_NOTICES);
  if (!notice.isFault) setTimeout(() => close(id), notice.undo ? UNDO_MS : SEEN_MS);
}

const close = (id: number) => {
  notices.value = notices.value.filter((one) => one.id !== id);
};

/** The newest act that cannot be undone. */
let lastFinal = 0;
/** While something is being undone, what is said about it is no act of its own. */
let isUndoing = false;

/** Reports an act. @param undo undoes what was done; absent if that is not possible */
export function say(text: string, undo?: () => Promise<unknown>): void {
  add({ text: () => text, ...(undo && { undo }) });
  if (!undo && !isUndoing) lastFinal = count;
}

/** Says something that is no act. */
export const tell = (text: string): void => add({ text: () => text });

/** Shows a refusal, and what to do about it. */
export const sayFault = (error: unknown): void => add({ text: () => sentenceOf(error), isFault: true });

/** Undoes the last act. If that cannot be undone, an earlier one is not undone in its place: who presses the key means the last. */
export async function undoLast(): Promise<void> {
  const last = notices.value.findLast(({ undo }) => undo);
  if (!last) return;
  if (last.id < lastFinal) tell(t("undo.notLast"));
  else await undoOne(last);
}

/** One at a time: an earlier action is undone on the state that undoing the later one has left. */
let undoing = Promise.resolve();

function undoOne({ id, text, undo }: Notice): Promise<void> {
  close(id);
  undoing = undoing.then(async () => {
    isUndoing = true;
    try {
      await undo?.();
      tell(t("undo.done"));
    } catch (error) {
      add({ text: () => undoSentenceOf(error), isFault: true });
      if (error instanceof Refused && error.isTemporary) add({ text, ...(undo && { undo }) }); // to be tried again
    }
    isUndoing = false;
  });
  return undoing;
}

/** Shown at the foot of the page, and of a dialog over it, as content outside of a dialog is not reachable. Screen readers announce each notice once, errors at once. */
export function Notices() {
  const row = (one: Notice) => html`<p key=${one.id} class=${one.isFault ? "notice fault" : "notice"}>
      <span>${one.text()}</span>
      <span class="notice-buttons">${one.undo && html`<button type="button" onClick=${() => undoOne(one)}>${t("undo")} <kbd>Alt+Z</kbd></button>`}
      <button type="button" class="quiet" aria-label=${t("close")} onClick=${() => close(one.id)}>×</button></span>
    </p>`;
  return html`<div class="notices">
    <div role="status" aria-live="polite" aria-atomic="false">${notices.value.filter(({ isFault }) => !isFault).map(row)}</div>
    <div role="alert" aria-atomic="false">${notices.value.filter(({ isFault }) => isFault).map(row)}</div>
  </div>`;
}
