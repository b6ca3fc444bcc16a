/** Pages about the system: its state (`/`), and the documentation of the API (`/docs`). */
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { accessOf, notAllowed } from "../../../mesh/access/access.ts";
import type { Answer } from "../http/answer.ts";
import { httpError } from "../http/http-error.ts";
import { KeptContent } from "../http/kept-content.ts";
import { pagePolicy } from "../http/page-policy.ts";
import { type MeshView, meshState } from "./mesh-state.ts";

/** The files that a page loads, as paths; the viewer of /docs sets styles inline. */
interface Page {
  scripts: string[];
  styles: string[];
  isInlineStyled?: boolean;
}

const PAGES: Record<string, Page> = {
  "/": { scripts: ["/console.js", "/console-texts.js"], styles: ["/console.css"] },
  "/docs": { scripts: ["/docs/swagger-ui-bundle.js", "/docs/start.js"], styles: ["/docs/swagger-ui.css"], isInlineStyled: true },
};
const TYPES: Record<string, string> = { html: "text/html", css: "text/css", js: "text/javascript" };

const own = (name: string) => join(import.meta.dirname, name);
const viewer = (name: string) => join(dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json")), name);

const FILES: Record<string, () => string> = {
  "/": () => own("page.html"),
  "/console.css": () => own("page.css"),
  "/console.js": () => own("page.js"),
  "/console-texts.js": () => own("texts.js"),
  "/docs": () => own("docs.html"),
  "/docs/start.js": () => own("docs.js"),
  "/docs/swagger-ui.css": () => viewer("swagger-ui.css"),
  "/docs/swagger-ui-bundle.js": () => viewer("swagger-ui-bundle.js"),
};

const read = new Map<string, KeptContent>(); // at most as many as FILES, and pages once more

/** The link to the pages for staff, which not every system has. */
const TO_PAGES = '<a href="/desk/" data-text="pages">Pages</a> ';

/** The right is named in the roles' files like an action. @throws 401 SIGN_IN_NEEDED, 403 NOT_ALLOWED */
function requireMayLook({ broker, caller }: MeshView): void {
  const access = accessOf(broker);
  if (access.isOpen || access.rightsOf(access.identityOf(caller)).mayCall("api.console")) return;
  throw notAllowed("see what runs where");
}

/** @param hosts under which a browser may know this server, with port: the one it asked, and PUBLIC_URL's @throws 404 for any other path */
export async function consoleAnswer(request: IncomingMessage, path: string, view: MeshView, hosts: string[]): Promise<Answer> {
  if (path === "/console.json") {
    requireMayLook(view);
    return {
      status: 200,
      headers: { "Content-Type": "application/json; charset=utf-8" },
      body: JSON.stringify(await meshState(view)),
    };
  }
  const place = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
  if (!place) throw httpError(404, "NOT_FOUND", "There is nothing here. The API is under /fhir and /api; /docs describes it.");
  const file = place();
  const page = PAGES[path];
  const content = page ? contentFor(path, file, view) : contentOf(path, file);
  const headers = {
    "Content-Type": `${TYPES[file.slice(file.lastIndexOf(".") + 1)]}; charset=utf-8`,
    "Cache-Control": "no-cache",
    ...(page && { "Content-Security-Policy": pagePolicy(page, hosts) }),
  };
  return content.answer(request, headers);
}

const contentOf = (key: string, file: string, change = (text: string) => text): KeptContent => {
  const content = read.get(key) ?? new KeptContent(change(readFileSync(file, "utf8")));
  read.set(key, content);
  return content;
};

/** A page as this system needs it. */
function contentFor(path: string, file: string, { directory }: MeshView): KeptContent {
  if (directory.services().some(({ service }) => service === "desk")) return contentOf(path, file);
  return contentOf(`${path} without desk`, file, (text) => text.replace(TO_PAGES, ""));
}
