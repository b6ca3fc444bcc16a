/** Shows more of a list whose end is not on the page, step by step; where even that ends, it is said. */
import { useState } from "preact/hooks";
import { type Children, html } from "../html.ts";
import { numberIn } from "../platform/names.ts";
import { t } from "../platform/texts.ts";

/** Shown at most, unless it is said otherwise: who looks for something older looks for the patient. */
const MOST = 200;

/** How much of a list is shown. */
export interface More {
  /** So many are asked for. */
  count: number;
  /** What stands below the list. @param found so many there are of those that were asked for */
  below: (found: number) => Children;
}

/** @param step so many at first, and so many more each time */
export function useMore(step: number, most = MOST): More {
  const [count, setCount] = useState(Math.min(step, most));
  const below = (found: number) => {
    if (found < count) return null;
    if (count >= most) return html`<p class="muted">${t("list.first", { n: numberIn(most) })}</p>`;
    return html`<div class="buttons"><button type="button" onClick=${() => setCount(Math.min(count + step, most))}>${t("list.more")}</button></div>`;
  };
  return { count, below };
}
