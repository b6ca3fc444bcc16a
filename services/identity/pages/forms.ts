/** The pages of a sign-in, each a form that is sent to its own address. */
import { isBoundToPatient } from "../../../mesh/access/scopes.ts";
import { type Html, html } from "./html.ts";
import type { PageLanguage } from "./language.ts";
import { type PageFault, marksOf, type PageContent } from "./page.ts";

/** A patient who can be selected. */
export interface PatientChoice {
  id: string;
  name: string;
  born?: string;
}

const field = (id: string, label: string, input: Html, hint?: string): Html =>
  html`<label for="${id}">${label}</label>${hint === undefined ? undefined : html`<p class="hint" id="${id}-hint">${hint}</p>`}${input}`;

const cancel = (language: PageLanguage): Html =>
  html`<button class="second" name="step" value="cancel" formnovalidate>${language.say("cancel")}</button>`;

/** Login name and password. @param typed the login name that was sent before */
export function loginPage(language: PageLanguage, app: string, fault?: PageFault, typed = ""): PageContent {
  const { say } = language;
  const login = html`<input id="login" name="login" type="text" value="${typed}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="100" required${marksOf("login", { fault, isFirst: typed === "" })}>`;
  const password = html`<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required${marksOf("password", { fault, isFirst: typed !== "" })}>`;
  return {
    title: say("signIn"),
    fault,
    body: html`<p>${say("signInTo", { app })}</p>
<form method="post">
${field("login", say("login"), login)}
${field("password", say("password"), password)}
<button name="step" value="login">${say("signIn")}</button>${cancel(language)}
</form>`,
  };
}

/** The second factor. */
export function codePage(language: PageLanguage, fault?: PageFault): PageContent {
  const { say } = language;
  const code = html`<input id="code" name="code" type="text" autocomplete="one-time-code" maxlength="40" required${marksOf("code", { fault, hint: "code-hint", isFirst: true })}>`;
  return {
    title: say("secondFactor"),
    fault,
    body: html`<form method="post">
${field("code", say("code"), code, say("codeHint"))}
<button name="step" value="code">${say("continue")}</button>${cancel(language)}
</form>`,
  };
}

/** A birth date, which may be a month or a year alone (FHIR `date`), in words of the language, with Latin digits. */
function bornText({ code, say }: PageLanguage, born: string): string {
  const parts = born.split("-").length;
  if (parts === 1) return say("bornInYear", { date: born });
  const locale = code === "ar" ? "ar-u-nu-latn" : code === "en" ? "en-GB" : code;
  const day = parts === 3 ? ({ day: "numeric" } as const) : {};
  const format = new Intl.DateTimeFormat(locale, { year: "numeric", month: "long", ...day, timeZone: "UTC" });
  return say(parts === 3 ? "born" : "bornInMonth", { date: format.format(new Date(born)) });
}

/** Selection of the patient that the app may see. */
export function patientPage(
  language: PageLanguage,
  app: string,
  typed: string,
  found: PatientChoice[] | undefined,
  isMore: boolean,
): PageContent {
  const { say } = language;
  const name = html`<input id="name" name="name" type="search" value="${typed}" maxlength="100" autocomplete="off" autofocus>`;
  const rows = (found ?? []).map(
    ({ id, name, born }) =>
      html`<button class="row" name="patient" value="${id}"><bdi>${name}</bdi>${born === undefined ? undefined : html` <span class="hint">(${bornText(language, born)})</span>`}</button>`,
  );
  return {
    title: say("pickPatient"),
    body: html`<p>${say("pickFor", { app })}</p>
<form method="post">
${field("name", say("patientName"), name)}
<button name="step" value="search">${say("search")}</button>${cancel(language)}
</form>
<form method="post" aria-live="polite">
<input type="hidden" name="step" value="pick">
${rows}
${found?.length === 0 ? html`<p>${say("nobodyFound")}</p>` : undefined}
${isMore ? html`<p>${say("moreFound")}</p>` : undefined}
</form>`,
  };
}

/** What the app asks for. */
export function consentPage(language: PageLanguage, app: string, scopes: string[]): PageContent {
  const { say } = language;
  const lines = [...new Set(scopes.map((scope) => scopeText(language, scope)).filter((text) => text !== undefined))];
  return {
    title: say("consent", { app }),
    body: html`<p>${say("consentText", { app })}</p>
<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>
<form method="post">
<button name="step" value="allow">${say("allow")}</button><button class="second" name="step" value="cancel">${say("deny")}</button>
</form>`,
  };
}

/** A scope in words; undefined if it needs none. */
function scopeText({ say }: PageLanguage, scope: string): string | undefined {
  switch (scope) {
    case "openid":
    case "fhirUser":
    case "profile":
      return say("scopeSignIn");
    case "launch":
    case "launch/patient":
    case "launch/encounter":
      return say("scopeLaunch");
    case "offline_access":
      return say("scopeOffline");
    case "online_access":
      return say("scopeOnline");
    case "actions":
      return say("scopeActions");
  }
  const [, context, type = "", does = "", where] = /^(\w+)\/([^.]+)\.([a-z]+)(?:\?(.*))?$/.exec(scope) ?? [];
  const [isReading, isWriting] = [/[rs]/.test(does), /[cud]/.test(does)];
  const what = say(isReading && isWriting ? "scopeBoth" : isReading ? "scopeRead" : "scopeWrite");
  const named = `${type === "*" ? say("scopeAll") : type}${where === undefined ? "" : ` (${where})`}`;
  const isOfPatient = context === "patient" && isBoundToPatient(type, does);
  return say(isOfPatient ? "scopePatient" : "scopeUser", { what, type: named });
}

/** A new password for the account of a link. */
export function passwordPage(language: PageLanguage, login: string, fault?: PageFault): PageContent {
  const { say } = language;
  const input = (id: string) =>
    html`<input id="${id}" name="${id}" type="password" autocomplete="new-password" minlength="12" maxlength="256" required${marksOf(id, { fault, hint: "password-rules", isFirst: id === "password" })}>`;
  return {
    title: say("choosePassword"),
    fault,
    body: html`<p id="password-rules">${say("choosePasswordFor", { login })}</p>
<form method="post">
<input type="hidden" name="username" autocomplete="username" value="${login}">
${field("password", say("password"), input("password"))}
${field("repeat", say("repeatPassword"), input("repeat"))}
<button>${say("continue")}</button>
</form>`,
  };
}

/** Asks whether to sign out; the provider supplies the form. */
export function logoutPage(language: PageLanguage, form: Html): PageContent {
  const { say } = language;
  return {
    title: say("signOut"),
    body: html`<p>${say("signOutText")}</p>
${form}
<button form="op.logoutForm" name="logout" value="yes">${say("signOutYes")}</button>
<button class="second" form="op.logoutForm">${say("signOutNo")}</button>`,
  };
}

/** A page with only a message. */
export const messagePage = (title: string, text: string): PageContent => ({ title, body: html`<p>${text}</p>` });
