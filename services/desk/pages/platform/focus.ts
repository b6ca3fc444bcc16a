/** Keeps the focus: if the focused element is removed (a finished row, a dialog's button), it moves to the part of the page that contained it. */

/** Parts of a page that may take the focus, from the inside out. */
const PARTS = "section, aside, dialog, main";

/**
 * Where the focus returns from a dialog.
 * @param from the focused element, while it still exists
 * @returns a function that returns the focus: to `from`, else to the next control of its row, else to the part of the page with the row
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

/** In a dialog with a next step, its main button. */
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
