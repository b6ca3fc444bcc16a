/** Whom a button is about: read out behind its text, where the eye sees it beside. */
import { html } from "../html.ts";

/** See the head of this file. */
export const For = ({ who }: { who: string }) => html`<span class="visually-hidden"> · ${who}</span>`;
