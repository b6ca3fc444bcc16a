/** The focus is never lost: where what has it is taken away (a row that is done, a dialog's button), it goes to the part of the page that it was in. */

/** Parts of a page that may take the focus, from the inside out. */
const PARTS = "section, aside, dialog, main";

/**
 * Where the focus goes back to from what was opened over the page.
 * @param from what had it; asked while it is still there
 * @returns gives it back: to `from`, else to what is to be done next in its row, else to the part of the page that the row was in
 */
export function wayBack(from: HTMLElement | null): () => void {
  const row = from?.closest<HTMLElement>("tr, li");
  const part = from?.closest<HTMLElement>(PARTS);
  return () => {
    const next = [from, row?.querySelector<HTMLElement>("button")].find((one) => one?.isConnected);
    if (next) return next.focus();
    const rest = part?.isConnected ? part : document.getElementById("main");
    if (!rest) return;
    rest.tabIndex = -1;
    rest.focus({ preventScroll: true });
  };
}

/** In a dialog whose next step has come, what that step is for. */
const nextIn = (part: HTMLElement): HTMLElement | null => (part.matches("dialog") ? part.querySelector<HTMLElement>("button.main") : null);

/** @param root of the page */
export function keepFocus(root: HTMLElement): void {
  let last: Element | undefined;
  let parts: HTMLElement[] = [];
  document.addEventListener("focusin", ({ target }) => {
    last = target as Element;
    parts = [];
    for (let part = last.parentElement?.closest<HTMLElement>(PARTS); part; part = part.parentElement?.closest<HTMLElement>(PARTS)) {
      parts.push(part);
    }
  });
  new MutationObserver(() => {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    const part = parts.find(({ isConnected }) => isConnected) ?? root.querySelector<HTMLElement>("main");
    if (!part) return;
    const next = nextIn(part);
    if (next) return next.focus();
    part.tabIndex = -1;
    part.focus({ preventScroll: true });
  }).observe(root, { childList: true, subtree: true });
}
