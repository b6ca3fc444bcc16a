/** What has just been done, said at the foot of the page, with what takes it back. */
import { signal } from "@preact/signals";
import { html } from "../html.ts";
import { Refused } from "../platform/api.ts";
import { sentenceOf } from "../platform/errors.ts";
import { t } from "../platform/texts.ts";

interface Notice {
  id: number;
  text: string;
  isFault?: boolean;
  undo?: () => Promise<unknown>;
}

/** So many stay until they are closed, the newest. */
const MAX_NOTICES = 3;

const notices = signal<Notice[]>([]);
let count = 0;

/** What cannot be taken back, and is no fault, goes by itself after so long, milliseconds: who reads slowly has read it twice. */
const SEEN_MS = 20_000;
/** What can be taken back is offered so long, milliseconds: later nobody knows what Alt+Z would undo. */
const UNDO_MS = 300_000;

function add(notice: Omit<Notice, "id">): void {
  count += 1;
  const id = count;
  notices.value = [...notices.value, { id, ...notice }].slice(-MAX_NOTICES);
  if (!notice.isFault) setTimeout(() => close(id), notice.undo ? UNDO_MS : SEEN_MS);
}

const close = (id: number) => {
  notices.value = notices.value.filter((one) => one.id !== id);
};

/** @param undo takes back what was done; absent where nothing can */
export const say = (text: string, undo?: () => Promise<unknown>): void => add({ text, ...(undo && { undo }) });

/** Says what was refused, and what to do. */
export const sayFault = (error: unknown): void => add({ text: sentenceOf(error), isFault: true });

/** Takes back the newest that can be taken back. */
export async function undoLast(): Promise<void> {
  const last = notices.value.findLast(({ undo }) => undo);
  if (last) await undoOne(last);
}

/** One after the other: what came before is taken back from what taking back the later has left. */
let undoing = Promise.resolve();

function undoOne({ id, text, undo }: Notice): Promise<void> {
  close(id);
  undoing = undoing.then(async () => {
    try {
      await undo?.();
      say(t("undo.done"));
    } catch (error) {
      sayFault(error);
      if (error instanceof Refused && error.isTemporary) add({ text, ...(undo && { undo }) }); // to be tried again
    }
  });
  return undoing;
}

/** The foot of the page, and of a dialog over it: what stands outside of that is neither heard nor reached. A screen reader says each once, as it comes: what was refused at once, the rest when it is silent. */
export function Notices() {
  const row = (one: Notice) => html`<p key=${one.id} class=${one.isFault ? "notice fault" : "notice"}>
      <span>${one.text}</span>
      ${one.undo && html`<button type="button" onClick=${() => undoOne(one)}>${t("undo")} <kbd>Alt+Z</kbd></button>`}
      <button type="button" class="quiet" aria-label=${t("close")} onClick=${() => close(one.id)}>×</button>
    </p>`;
  return html`<div class="notices">
    <div role="status" aria-live="polite" aria-atomic="false">${notices.value.filter(({ isFault }) => !isFault).map(row)}</div>
    <div role="alert" aria-atomic="false">${notices.value.filter(({ isFault }) => isFault).map(row)}</div>
  </div>`;
}
