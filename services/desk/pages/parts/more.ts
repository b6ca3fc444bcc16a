/** Shows more of a long list step by step, and says so where even that ends. */
import { useState } from "preact/hooks";
import { type Children, html } from "../html.ts";
import { numberIn, t } from "../platform/texts.ts";

/** Default limit of the items shown; older ones are found through the patient. */
const MOST = 200;

/** How much of a list is shown. */
export interface More {
  /** Number of items to request. */
  count: number;
  /** Content below the list. @param found number of items received */
  below: (found: number) => Children;
}

/** @param step items shown at first, and added each time */
export function useMore(step: number, most = MOST): More {
  const [count, setCount] = useState(Math.min(step, most));
  const below = (found: number) => {
    if (found < count) return null;
    if (count >= most) return html`<p class="muted">${t("list.first", { n: numberIn(most) })}</p>`;
    return html`<div class="buttons"><button type="button" onClick=${() => setCount(Math.min(count + step, most))}>${t("list.more")}</button></div>`;
  };
  return { count, below };
}
