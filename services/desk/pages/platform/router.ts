/** Routing by the fragment of the URL (after `#`), so that patient ids do not reach server logs. */
import { signal } from "@preact/signals";

/** `#/ward/123/cleaning`: the page `ward` with the argument `123` and the part `cleaning`. */
export interface Place {
  page: string;
  argument?: string;
  /** Part of the page: some of its list, or one of its panels. */
  part?: string;
}

/** A part of the address as text; as it is written if it is not encoded rightly. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function placeIn(hash: string): Place {
  const [, page = "", argument, part] = hash.replace(/^#/, "").split("/");
  return { page: page || "home", ...(argument && { argument: decoded(argument) }), ...(part && { part }) };
}

/** The page that is shown. */
export const place = signal<Place>(placeIn(location.hash));

/** Shows the page of the URL, also if that was changed without an event, as after signing in. */
export function followAddress(): void {
  place.value = placeIn(location.hash);
}
addEventListener("hashchange", followAddress);

/** The URL of a page. @param argument an id, or a reference whose id is used @param part of the page */
export function hrefOf(page: string, argument?: string, part?: string): string {
  const id = argument === undefined ? "" : encodeURIComponent(argument.split("/").at(-1) ?? "");
  return ["#", page, ...(id || part ? [id] : []), ...(part ? [part] : [])].join("/");
}

/** Shows a page. */
export function go(page: string, argument?: string): void {
  location.hash = hrefOf(page, argument);
}
