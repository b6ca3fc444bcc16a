/** The pages by which a person sets up an authenticator app, at a sign-in or later. */
import { type Html, html } from "./html.ts";
import type { PageLanguage } from "./language.ts";
import { type PageFault, marksOf, type PageContent } from "./page.ts";

/** What stands on the page beside the key. */
export interface SetUpMore {
  fault?: PageFault | undefined;
  /** Why it is shown. */
  text?: string;
  /** The key as an app reads it. */
  uri?: string;
  /** Further fields of the form. */
  fields?: Html;
}

/** A key for an authenticator app, and the first code that it shows. */
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

/** Codes for when the app is lost. @param isOfSignIn whether a sign-in goes on after it */
export function codesPage(language: PageLanguage, codes: string[], isOfSignIn = false): PageContent {
  const { say } = language;
  return {
    title: say("recoveryCodes"),
    body: html`<p>${say("recoveryText")}</p>
<ul>${codes.map((code) => html`<li><code dir="ltr">${code}</code></li>`)}</ul>
${isOfSignIn ? goOn(language) : undefined}`,
  };
}

/** The same sign-in, when its page is loaded again: the codes are not shown twice. */
export const continuePage = (language: PageLanguage): PageContent => ({ title: language.say("totpStart"), body: goOn(language) });

const goOn = ({ say }: PageLanguage): Html => html`<form method="post"><button name="step" value="seen">${say("continue")}</button></form>`;
