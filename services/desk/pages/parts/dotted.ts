/** Several facts in one line, with a dot between two of them. Facts that are not there are left out, and so are their dots. */
import { Fragment } from "preact";
import { type Children, html } from "../html.ts";

/** @param of in their order; texts keep their own direction */
export function Dotted({ of }: { of: Children[] }) {
  const known = of.filter((one) => one !== undefined && one !== null && one !== false && one !== "");
  const shown = (one: Children) => (typeof one === "string" ? html`<bdi>${one}</bdi>` : one);
  return html`${known.map((one, index) => html`<${Fragment} key=${index}>${index > 0 && "\u00a0· "}${shown(one)}<//>`)}`;
}
