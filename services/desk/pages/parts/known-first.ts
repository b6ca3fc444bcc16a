/**
 * Content that is worked with only when the facts for it are known, or known to be unavailable, which it says. A form that appeared before could be sent
 * without its facts having been seen, and a value proposed late would change what is being typed.
 */
import { useRef } from "preact/hooks";
import { type Children, html } from "../html.ts";
import type { Loaded } from "../platform/load.ts";
import { t } from "../platform/texts.ts";
import { NotKnown } from "./panel.ts";

interface KnownFirstProps {
  facts: Loaded<unknown>[];
  children: Children;
}

export function KnownFirst({ facts, children }: KnownFirstProps) {
  const isShown = useRef(false); // what is being typed stays, whatever is loaded again
  isShown.current ||= facts.every(({ value, error }) => value !== undefined || error !== undefined);
  const failed = facts.filter(({ error }, index) => error && facts.findIndex((one) => one.error?.service === error.service) === index);
  return html`${failed.map((one) => html`<${NotKnown} key=${one.error?.service} loaded=${one} />`)}
    ${isShown.current ? children : html`<p class="muted" role="status" aria-busy="true">${t("loading")}</p>`}`;
}
