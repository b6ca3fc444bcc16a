/** A dialog over the page. The browser keeps the focus in it, and gives it back to where it was. */
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { type Children, html } from "../html.ts";
import { Notices } from "./notices.ts";
import { wayBack } from "../platform/focus.ts";
import { goToSignIn, hasEnded } from "../platform/sign-in.ts";
import { t } from "../platform/texts.ts";

/** What is there to be done in it: before all, its fields. */
const FIRST = ":scope > :not(header) :is(input, select, textarea, button, a[href])";

/** See the head of this file. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: Children }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  /** Another dialog may have taken its place before the browser says that it is closed. */
  const isGone = useRef(false);
  // Before it is painted: a key pressed right after the click is the dialog's already.
  useLayoutEffect(() => {
    const goBack = wayBack(document.activeElement as HTMLElement | null);
    const shown = dialog.current;
    shown?.showModal();
    // The browser gives the focus to what comes first, which closes it again.
    if (!shown?.querySelector("[autofocus]")) shown?.querySelector<HTMLElement>(FIRST)?.focus();
    return () => {
      isGone.current = true;
      if (!shown?.open) return; // the browser has closed it, and the focus may be elsewhere by now
      shown.close(); // as long as it is open nothing else takes the focus
      goBack();
    };
  }, []);
  /** The browser would tell of it later only, when the next key may have opened another. */
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.isComposing || dialog.current?.querySelector(":popover-open")) return;
    event.preventDefault();
    event.stopPropagation(); // one dialog over another goes alone
    onClose();
  };
  return html`<dialog ref=${dialog} aria-labelledby=${titleId} onKeyDown=${onKeyDown} onClose=${() => isGone.current || onClose()}>
    <header><h2 id=${titleId}>${title}</h2><button type="button" class="quiet" aria-label=${t("close")} onClick=${onClose}>×</button></header>
    ${hasEnded.value && html`<p class="not-known" role="status">${t("signIn.ended")} <button type="button" onClick=${goToSignIn}>${t("signIn")}</button></p>`}
    ${children}
    <${Notices} />
  </dialog>`;
}
