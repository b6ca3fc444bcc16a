/** Closes an account for good, after a second question. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../../html.ts";
import { Form } from "../../parts/form.ts";
import { t } from "../../platform/texts.ts";

interface CloseProps {
  login: string;
  close: () => Promise<void>;
  onCancel: () => void;
}

/** Asks once more, as it cannot be undone; it takes the focus from the button that it replaces. */
export function CloseForGood({ login, close, onCancel }: CloseProps) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => box.current?.focus(), []);
  return html`<div role="group" aria-label=${t("account.close")} tabindex="-1" ref=${box}>
    <${Form} send=${close} submit=${t("account.close.sure", { login })} onCancel=${onCancel}>${() => html`<p>${t("account.close.hint")}</p>`}<//></div>`;
}
