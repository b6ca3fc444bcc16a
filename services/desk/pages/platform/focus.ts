/** The focus is never lost: where what has it is taken away (a row that is done, a dialog's button), it goes to the part of the page that it was in. */

/** Parts of a page that may take the focus, from the inside out. */
const PARTS = "section, aside, dialog, main";

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
    part.tabIndex = -1;
    part.focus({ preventScroll: true });
  }).observe(root, { childList: true, subtree: true });
}
