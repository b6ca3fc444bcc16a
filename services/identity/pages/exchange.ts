/** One request to a page of ours, and its answer. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type PageLanguage, languageFor } from "./language.ts";
import { type PageContent, pageHeaders, pageText } from "./page.ts";

/** What a handler of a page works with. */
export class PageExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What a form has sent; empty for a GET. */
  readonly form: URLSearchParams;
  readonly isPost: boolean;
  /** The client's, as the gateway has seen it. */
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

  /** The languages that the app has asked for come before the browser's. */
  prefer(uiLocales: unknown): void {
    this.language = languageFor(typeof uiLocales === "string" ? uiLocales : undefined, this.request.headers["accept-language"]);
  }

  /** @param redirectUri where the page's form may lead in the end */
  send(status: number, page: PageContent, redirectUri?: string, headers: Record<string, string> = {}): void {
    const text = pageText(page, this.language);
    const all = { ...pageHeaders(redirectUri), "Content-Language": this.language.code, ...headers };
    this.response.writeHead(status, { ...all, "Content-Length": Buffer.byteLength(text) });
    this.response.end(this.request.method === "HEAD" ? undefined : text);
  }

  /** To the same address again, by GET: what a form has done is not done twice by a reload. */
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
   * Whether a form comes from another site. Cookies of ours do not come along from there (SameSite), browsers say where from; what is no
   * browser says nothing, and has no cookies of another person's.
   */
  get isForeign(): boolean {
    if (!this.isPost) return false;
    const { origin } = this.request.headers;
    const site = this.request.headers["sec-fetch-site"];
    if (site !== undefined) return site !== "same-origin" && site !== "none";
    return origin !== undefined && origin !== this.origin;
  }
}
