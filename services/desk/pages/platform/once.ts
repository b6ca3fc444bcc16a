/** Prevents actions from being done twice by mistake: the second click of a double click, and a held-down Enter, are ignored on buttons. */

const isOnButton = ({ target }: Event): boolean => (target as HTMLElement).closest?.("button, summary") !== null;

function stop(event: Event): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** Installs this for the whole document. */
export function doOnce(): void {
  document.addEventListener("click", (event) => event.detail > 1 && isOnButton(event) && stop(event), { capture: true });
  document.addEventListener("keydown", (event) => event.repeat && event.key === "Enter" && isOnButton(event) && stop(event), {
    capture: true,
  });
}
