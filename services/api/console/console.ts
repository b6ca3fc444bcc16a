/** Pages for people: what runs where (`/`), and the API's documentation (`/docs`). */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Answer } from "../http/answer.ts";
import { httpError } from "../http/errors.ts";
import { type MeshView, meshState } from "./state.ts";

/** Everything a page loads comes from this server; the viewer of /docs sets styles inline. */
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";
const TYPES: Record<string, string> = { html: "text/html", css: "text/css", js: "text/javascript" };

const own = (name: string) => join(import.meta.dirname, name);
const viewer = (name: string) => join(dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json")), name);

const FILES: Record<string, () => string> = {
  "/": () => own("page.html"),
  "/console.css": () => own("page.css"),
  "/console.js": () => own("page.js"),
  "/docs": () => own("docs.html"),
  "/docs/start.js": () => own("docs.js"),
  "/docs/swagger-ui.css": () => viewer("swagger-ui.css"),
  "/docs/swagger-ui-bundle.js": () => viewer("swagger-ui-bundle.js"),
};

const read = new Map<string, Answer>(); // bounded by FILES

/** @throws 404 for any other path */
export async function consoleAnswer(path: string, view: MeshView): Promise<Answer> {
  if (path === "/console.json") {
    return {
      status: 200,
      headers: { "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store" },
      body: JSON.stringify(await meshState(view)),
    };
  }
  const known = read.get(path);
  if (known) return known;
  const place = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
  if (!place) throw httpError(404, "NOT_FOUND", "There is nothing here. The API is under /fhir and /api; /docs describes it.");
  const file = place();
  const headers = {
    "Content-Type": `${TYPES[file.slice(file.lastIndexOf(".") + 1)]}; charset=utf-8`,
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
  };
  const answer = { status: 200, headers, body: readFileSync(file, "utf8") };
  read.set(path, answer);
  return answer;
}
