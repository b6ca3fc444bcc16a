/** The pages by which a person sets up an authenticator app, at a sign-in or later. */
import { type Html, html } from "./html.ts";
import type { PageLanguage } from "./language.ts";
import { type PageFault, marksOf, type PageContent } from "./page.ts";

/** Further content of the page besides the key. */
export interface SetUpMore {
  fault?: PageFault | undefined;
  /** Why it is shown. */
  text?: string;
  /** The key as a URI for apps. */
  uri?: string;
  /** Further fields of the form. */
  fields?: Html;
}

/** A key for an authenticator app, and a field for its first code. */
export function setUpPage({ say }: PageLanguage, secret: string, { fault, text, uri, fields }: SetUpMore): PageContent {
  return {
    title: say("totpStart"),
    fault,
    body: html`${text === undefined ? undefined : html`<p>${text}</p>`}
<p>${say("totpSecret")}</p>
<p><code dir="ltr">${secret.replace(/(.{4})(?=.)/g, "$1 ")}</code></p>
${uri === undefined ? undefined : html`<p class="hint"><a href="${uri}" dir="ltr">${uri}</a></p>`}
<form method="post">
${fields}<input type="hidden" name="secret" value="${secret}">
<label for="code">${say("code")}</label>
<input id="code" name="code" type="text" inputmode="numeric" autocomplete="one-time-code" maxlength="7" required${marksOf("code", { fault, isFirst: true })}>
<button name="step" value="confirm">${say("continue")}</button>
</form>`,
  };
}

/** Recovery codes. @param isOfSignIn whether a sign-in continues after it */
export function codesPage(language: PageLanguage, codes: string[], isOfSignIn = false): PageContent {
  const { say } = language;
  return {
    title: say("recoveryCodes"),
    body: html`<p>${say("recoveryText")}</p>
<ul>${codes.map((code) => html`<li><code dir="ltr">${code}</code></li>`)}</ul>
${isOfSignIn ? goOn(language) : undefined}`,
  };
}

/** The same page of a sign-in after a reload: the codes are not shown again. */
export const continuePage = (language: PageLanguage): PageContent => ({ title: language.say("totpStart"), body: goOn(language) });

const goOn = ({ say }: PageLanguage): Html => html`<form method="post"><button name="step" value="seen">${say("continue")}</button></form>`;
