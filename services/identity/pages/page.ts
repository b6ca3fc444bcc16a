/** The frame of all pages: no script, one style, accessible to screen readers, in either direction. */
import { createHash } from "node:crypto";
import { Html, html } from "./html.ts";
import type { PageLanguage } from "./language.ts";

/** The colours are those of the pages (services/desk/pages/styles/1-tokens.css), to which a person continues after signing in. */
const STYLE = `
:root{color-scheme:light dark;font:100%/1.5 system-ui,sans-serif;--accent:light-dark(#0a5f73,#74c7da);--on-accent:light-dark(#fff,#08222a);--muted:light-dark(#51606a,#a3b1b9);--edge:light-dark(#7b8a93,#7d8d97);--bad:light-dark(#a8201a,#ff9d94);--bad-soft:light-dark(#fdecea,#43201d)}
body{margin:0;background:light-dark(#f5f6f6,#14181a);color:light-dark(#1a2227,#e6ebed);display:grid;justify-items:center;padding:2rem 1rem}
main{inline-size:min(28rem,100%);overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25}
label{display:block;font-weight:600;margin-block:1rem .25rem}
input[type=text],input[type=password],input[type=search]{box-sizing:border-box;inline-size:100%;font:inherit;padding:.6rem;color:inherit;background:light-dark(#fff,#1d2326);border:1px solid var(--edge);border-radius:.375rem}
button{font:inherit;padding:.6rem 1.2rem;margin-block-start:1.25rem;margin-inline-end:.5rem;border:1px solid var(--accent);border-radius:.375rem;background:var(--accent);color:var(--on-accent);cursor:pointer}
button.second{background:none;color:inherit;border-color:var(--edge)}
button.row{display:block;inline-size:100%;text-align:start;margin-block-start:.5rem;background:none;color:inherit;border-color:var(--edge)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.fault{border-inline-start:4px solid var(--bad);padding:.5rem .75rem;background:var(--bad-soft)}
[aria-invalid=true]{border:2px solid var(--bad)}
@media(forced-colors:active){.fault,[aria-invalid=true]{border-color:CanvasText}}
.hint{color:var(--muted);margin-block:.25rem}
a{color:var(--accent)}
code{font-size:1.1rem;word-break:break-all}
.name{font-weight:600;color:var(--muted)}
`.trim();

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** What went wrong, read out first. */
export interface PageFault {
  text: string;
  /** Ids of the fields concerned; the first gets the focus. */
  fields?: readonly string[];
}

/** Content of a page. */
export interface PageContent {
  title: string;
  body: Html;
  fault?: PageFault | undefined;
}

/** What describes a field: its hint, and the error about it. */
export interface Marks {
  fault?: PageFault | undefined;
  /** Id of its hint. */
  hint?: string;
  /** Whether it gets the focus if no field is wrong. */
  isFirst?: boolean;
}

/** The attributes of a field for screen readers, and the focus on what is wrong. */
export function marksOf(id: string, { fault, hint, isFirst = false }: Marks): Html {
  const { fields = [] } = fault ?? {};
  const isWrong = fields.includes(id);
  const told = [...(isWrong ? ["fault"] : []), ...(hint === undefined ? [] : [hint])].join(" ");
  const hasFocus = fields.length > 0 ? fields[0] === id : isFirst;
  return html`${told === "" ? undefined : html` aria-describedby="${told}"`}${isWrong ? html` aria-invalid="true"` : undefined}${hasFocus ? html` autofocus` : undefined}`;
}

/** The whole page as text. */
export function pageText({ title, body, fault }: PageContent, { code, direction }: PageLanguage): string {
  return html`<!DOCTYPE html>
<html lang="${code}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · OpenWard</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
<p class="name">OpenWard</p>
<h1>${title}</h1>
${fault === undefined ? undefined : html`<p class="fault" role="alert" id="fault">${fault.text}</p>`}
${body}
</main>
</body>
</html>
`.text;
}

/**
 * What a browser may do with a page: nothing is loaded or run, it cannot be framed, and its forms go only to this server, or on to where the app
 * waits.
 * @param redirectUri where the last form leads; browsers apply `form-action` to redirects of a form, too
 */
export function pageHeaders(redirectUri?: string): Record<string, string> {
  const target = redirectUri === undefined ? "" : ` ${sourceOf(redirectUri)}`;
  return {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'${target}; base-uri 'none'; frame-ancestors 'none'`,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    // Not `no-referrer`: browsers then send no Origin with the forms of such a page, which is checked.
    "Referrer-Policy": "same-origin",
  };
}

/** An address as a source of a policy: its origin, or the scheme of an app. */
function sourceOf(uri: string): string {
  const url = URL.parse(uri);
  if (!url) return "";
  return /^https?:$/.test(url.protocol) ? url.origin : url.protocol;
}
