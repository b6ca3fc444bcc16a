/** Whom a button concerns, for screen readers: sighted users see it beside the button. */
import { html } from "../html.ts";

export const For = ({ who }: { who: string }) => html`<span class="visually-hidden"> · ${who}</span>`;
