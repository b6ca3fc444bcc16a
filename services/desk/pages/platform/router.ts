/** Which page is shown: behind the `#` of the address, so that no patient's id reaches a server's log. */
import { signal } from "@preact/signals";

/** `#/chart/123` is the page `chart` with the argument `123`. */
export interface Place {
  page: string;
  argument?: string;
}

function placeIn(hash: string): Place {
  const [, page = "", argument] = hash.replace(/^#/, "").split("/");
  return { page: page || "home", ...(argument && { argument: decodeURIComponent(argument) }) };
}

/** The page that is shown. */
export const place = signal<Place>(placeIn(location.hash));

/** Shows what the address says: also after it was changed without a word, as when one comes back from signing in. */
export function followAddress(): void {
  place.value = placeIn(location.hash);
}
addEventListener("hashchange", followAddress);

/** The address of a page. @param argument an id, or a reference of which the id is meant */
export const hrefOf = (page: string, argument?: string): string =>
  `#/${page}${argument === undefined ? "" : `/${encodeURIComponent(argument.split("/").at(-1) ?? "")}`}`;

/** Shows a page. */
export function go(page: string, argument?: string): void {
  location.hash = hrefOf(page, argument);
}
