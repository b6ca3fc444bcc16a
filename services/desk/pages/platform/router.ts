/** Which page is shown: behind the `#` of the address, so that no patient's id reaches a server's log. */
import { signal } from "@preact/signals";

/** `#/ward/123/cleaning` is the page `ward` with the argument `123`, of which the part `cleaning` is meant. */
export interface Place {
  page: string;
  argument?: string;
  /** What of the page is meant: some of its list, or one of its panels. */
  part?: string;
}

function placeIn(hash: string): Place {
  const [, page = "", argument, part] = hash.replace(/^#/, "").split("/");
  return { page: page || "home", ...(argument && { argument: decodeURIComponent(argument) }), ...(part && { part }) };
}

/** The page that is shown. */
export const place = signal<Place>(placeIn(location.hash));

/** Shows what the address says: also after it was changed without a word, as when one comes back from signing in. */
export function followAddress(): void {
  place.value = placeIn(location.hash);
}
addEventListener("hashchange", followAddress);

/** The address of a page. @param argument an id, or a reference of which the id is meant @param part what of the page is meant */
export function hrefOf(page: string, argument?: string, part?: string): string {
  const id = argument === undefined ? "" : encodeURIComponent(argument.split("/").at(-1) ?? "");
  return ["#", page, ...(id || part ? [id] : []), ...(part ? [part] : [])].join("/");
}

/** Shows a page. */
export function go(page: string, argument?: string): void {
  location.hash = hrefOf(page, argument);
}
