/** What was clicked twice by mistake is done once: the second click of a double click, and Enter that is held down, do nothing to a button. */

const isOnButton = ({ target }: Event): boolean => (target as HTMLElement).closest?.("button, summary") !== null;

function stop(event: Event): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** For all of the document, from now on. */
export function doOnce(): void {
  document.addEventListener("click", (event) => event.detail > 1 && isOnButton(event) && stop(event), { capture: true });
  document.addEventListener("keydown", (event) => event.repeat && event.key === "Enter" && isOnButton(event) && stop(event), {
    capture: true,
  });
}
