/** The pages that `oidc-provider` asks for: signing out, errors, and a button where its own page would need a script. */
import type { KoaContextWithOIDC } from "oidc-provider";
import { logoutPage, messagePage } from "./forms.ts";
import { Html, html } from "./html.ts";
import { type PageLanguage, languageFor } from "./language.ts";
import { type PageContent, pageHeaders, pageText } from "./page.ts";

/** An error for the developers of an app; people get a sentence. */
interface Fault {
  error: string;
  error_description?: string;
}

/** Pages of the provider. */
export class PageSet {
  logout(ctx: KoaContextWithOIDC, form: string): void {
    send(ctx, (language) => logoutPage(language, new Html(form)), ctx.oidc.params?.post_logout_redirect_uri as string | undefined);
  }

  loggedOut(ctx: KoaContextWithOIDC): void {
    send(ctx, ({ say }) => messagePage(say("signOutYes"), say("signedOut")));
  }

  error(ctx: KoaContextWithOIDC, { error, error_description: description }: Fault): void {
    send(ctx, ({ say }) => {
      const isOld = /session|expired|interaction/i.test(description ?? "");
      return {
        title: say("error"),
        body: html`${isOld ? html`<p>${say("expired")}</p>` : undefined}<p class="hint"><code>${error}${description ? `: ${description}` : ""}</code></p>`,
      };
    });
  }

  /** Turns a page of the provider that submits its form by script into one with a button. */
  withoutScript(ctx: KoaContextWithOIDC): void {
    if (typeof ctx.body !== "string" || !ctx.body.includes("<noscript>")) return;
    const form = /<form[\s\S]*?(?=<noscript>)/.exec(ctx.body)?.[0] ?? "";
    const target = /action="([^"]*)"/.exec(form)?.[1]?.replaceAll("&amp;", "&");
    send(ctx, ({ say }) => ({ title: "OpenWard", body: html`${new Html(form)}<button>${say("continue")}</button></form>` }), target);
  }
}

function send(ctx: KoaContextWithOIDC, page: (language: PageLanguage) => PageContent, redirectUri?: string): void {
  const language = languageFor(uiLocales(ctx), ctx.get("accept-language"));
  ctx.set(pageHeaders(redirectUri));
  ctx.body = pageText(page(language), language);
}

function uiLocales(ctx: KoaContextWithOIDC): string | undefined {
  const value = ctx.oidc?.params?.ui_locales ?? ctx.query["ui_locales"];
  return typeof value === "string" ? value : undefined;
}
