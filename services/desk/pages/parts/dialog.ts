/** A dialog over the page. The browser keeps the focus inside, and returns it to where it was. */
import { useContext, useId, useLayoutEffect, useRef } from "preact/hooks";
import { type Children, html } from "../html.ts";
import { Interruptions } from "./interruptions.ts";
import { Notices } from "./notices.ts";
import { PersonLine } from "./person-line.ts";
import { Whose } from "./whose.ts";
import { wayBack } from "../platform/focus.ts";
import { t } from "../platform/texts.ts";

/** The first control that is not in the header: preferably a field. */
const FIRST = ":scope > .dialog-content > :not(header) :is(input, select, textarea, button, a[href])";

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: Children }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const whose = useContext(Whose);
  /** Another dialog may have replaced it before the browser reports that it is closed. */
  const isGone = useRef(false);
  // Before painting, so that a key pressed right after the click already goes to the dialog.
  useLayoutEffect(() => {
    const goBack = wayBack(document.activeElement as HTMLElement | null);
    const shown = dialog.current;
    shown?.showModal();
    // The browser focuses the first control, which would be the close button.
    if (!shown?.querySelector("[autofocus]")) shown?.querySelector<HTMLElement>(FIRST)?.focus();
    shown?.querySelector(".dialog-content:has(.report)")?.scrollTo(0, 0); // a sheet is read from its beginning; its buttons stand below
    return () => {
      isGone.current = true;
      if (!shown?.open) return; // already closed by the browser; the focus may be elsewhere by now
      shown.close(); // while it is open, nothing else can take the focus
      goBack();
    };
  }, []);
  /** The browser's event comes later, when the next key may already have opened another dialog. */
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.isComposing || dialog.current?.querySelector(":popover-open")) return;
    event.preventDefault();
    event.stopPropagation(); // closes only the topmost dialog
    onClose();
  };
  return html`<dialog ref=${dialog} aria-labelledby=${titleId} onKeyDown=${onKeyDown} onClose=${() => isGone.current || onClose()}>
    <div class="dialog-content">
      <header><h2 id=${titleId}>${title}</h2><button type="button" class="quiet" aria-label=${t("close")} onClick=${onClose}>×</button></header>
      ${whose && html`<p class="whose"><${PersonLine} patient=${whose} /></p>`}
      <${Interruptions} kind="not-known" />
      ${children}
    </div>
    <${Notices} />
  </dialog>`;
}
