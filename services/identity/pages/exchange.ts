/** One request to a page, and its answer. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type PageLanguage, languageFor } from "./language.ts";
import { type PageContent, pageHeaders, pageText } from "./page.ts";

/** What the handler of a page works with. */
export class PageExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The sent form; empty for a GET. */
  readonly form: URLSearchParams;
  readonly isPost: boolean;
  /** Address of the client, as seen by the gateway. */
  readonly address: string;
  /** `https://ehr.example` */
  readonly origin: string;
  language: PageLanguage;

  constructor(given: { request: IncomingMessage; response: ServerResponse; body: Buffer; origin: string }) {
    const { request, response, body, origin } = given;
    this.request = request;
    this.response = response;
    this.origin = origin;
    this.isPost = request.method === "POST";
    this.form = new URLSearchParams(this.isPost ? body.toString("utf8") : "");
    this.address = String(request.headers["x-forwarded-for"] ?? request.socket.remoteAddress ?? "");
    this.language = languageFor(undefined, request.headers["accept-language"]);
  }

  /** Sets the languages that the app has asked for, which take precedence over the browser's. */
  prefer(uiLocales: unknown): void {
    this.language = languageFor(typeof uiLocales === "string" ? uiLocales : undefined, this.request.headers["accept-language"]);
  }

  /** @param redirectUri where the page's form may finally lead */
  send(status: number, page: PageContent, redirectUri?: string, headers: Record<string, string> = {}): void {
    const text = pageText(page, this.language);
    const all = { ...pageHeaders(redirectUri), "Content-Language": this.language.code, ...headers };
    this.response.writeHead(status, { ...all, "Content-Length": Buffer.byteLength(text) });
    this.response.end(this.request.method === "HEAD" ? undefined : text);
  }

  /** Redirects to the same address by GET, so that reloading does not send a form twice. */
  reload(): void {
    this.response.writeHead(303, { Location: this.path, "Content-Length": "0", "Cache-Control": "no-store" });
    this.response.end();
  }

  get path(): string {
    return (this.request.url ?? "").split("?", 1)[0] ?? "";
  }

  cookie(name: string): string | undefined {
    const cookies = (this.request.headers.cookie ?? "").split(";").map((part) => part.trim());
    return cookies.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  setCookie(name: string, value: string, maxAgeMs: number): void {
    const secure = this.origin.startsWith("https:") ? "; Secure" : "";
    this.response.appendHeader(
      "Set-Cookie",
      `${name}=${value}; Path=/auth; Max-Age=${Math.floor(maxAgeMs / 1_000)}; HttpOnly; SameSite=Lax${secure}`,
    );
  }

  /**
   * Whether a form comes from another site. Own cookies are not sent from there (SameSite), and browsers say where it comes from; other clients do
   * not, and have no cookies of another person.
   */
  get isForeign(): boolean {
    if (!this.isPost) return false;
    const { origin } = this.request.headers;
    const site = this.request.headers["sec-fetch-site"];
    if (site !== undefined) return site !== "same-origin" && site !== "none";
    return origin !== undefined && origin !== this.origin;
  }
}
