/** What stands in the way of further work on a page, and the button that helps: what was typed is there afterwards. */
import { html } from "../html.ts";
import { reloadReason } from "../platform/modules.ts";
import { goToSignIn, hasEnded } from "../platform/sign-in.ts";
import { t } from "../platform/texts.ts";

/** @param kind class of each line */
export function Interruptions({ kind }: { kind: string }) {
  return html`<div role="status">
    ${hasEnded.value && html`<p class=${kind}>${t("signIn.ended")} <button type="button" onClick=${goToSignIn}>${t("signIn")}</button></p>`}
    ${reloadReason.value && html`<p class=${kind}>${t(reloadReason.value)} <button type="button" onClick=${() => location.reload()}>${t("page.reload")}</button></p>`}
  </div>`;
}
