/** A part of a page with its content, or why that is not available; other parts are not affected. */
import { useRef } from "preact/hooks";
import type { BoardPart } from "../../../wards/board.contract.ts";
import { type Children, html } from "../html.ts";
import { timeOf } from "../platform/clock.ts";
import { sentenceOf, serviceText } from "../platform/errors.ts";
import type { Loaded } from "../platform/load.ts";
import { GATEWAY } from "../platform/silent.ts";
import { listed, t, tIfAny } from "../platform/texts.ts";

interface PanelProps<T> {
  title: string;
  loaded: Loaded<T>;
  /** Renders the available content. */
  show: (value: T) => Children;
  /** Content beside the title. */
  actions?: Children;
  /** What chooses the content: it stays, with the focus, while what was chosen is being loaded. */
  choice?: Children;
  id?: string;
}

export function Panel<T>({ title, loaded, show, actions, choice, id }: PanelProps<T>) {
  const room = useRoom(loaded);
  if (loaded.error?.status === 403 || loaded.error?.isAbsent) return null; // not for this role, or not in this hospital
  return html`<section class=${room.isAwaited ? "panel awaited" : "panel"} ref=${room.box} style=${room.style} aria-label=${title} id=${id} aria-busy=${loaded.isLoading}>
    <header><h2>${title}</h2>${actions && html`<div class="buttons">${actions}</div>`}</header>
    ${choice}
    <${NotKnown} loaded=${loaded} />
    ${loaded.value === undefined ? loaded.isLoading && html`<p class="muted">${t("loading")}</p>` : show(loaded.value)}
  </section>`;
}

/**
 * Keeps what is below a part in its place while the part is being loaded: at first that waits for it (`awaited`, styles/4-parts.css), later
 * the part keeps its height.
 */
function useRoom({ value, isLoading }: Loaded<unknown>) {
  const box = useRef<HTMLElement>(null);
  const hasShown = useRef(false);
  const isWaiting = value === undefined && isLoading;
  hasShown.current ||= value !== undefined;
  const style = isWaiting && hasShown.current && box.current ? { minHeight: `${box.current.offsetHeight}px` } : undefined;
  return { box, isAwaited: isWaiting && !hasShown.current, style };
}

/** Says that the current data are unavailable, and from when the shown ones are. */
export function NotKnown({ loaded: { error, at } }: { loaded: Loaded<unknown> }) {
  if (!error) return null;
  const { isTemporary, service } = error;
  const isOne = service !== undefined && service !== GATEWAY;
  const unknown = () => (isOne ? t("notKnown.of", { who: serviceText(service) }) : t("notKnown"));
  const text = isTemporary ? unknown() : sentenceOf(error);
  return html`<p class="not-known" role="status"><span aria-hidden="true">?</span> ${text} ${at !== undefined && t("notKnown.asOf", { time: timeOf(at) })}</p>`;
}

/** Says that the list may be incomplete, and why: a service is down, or there is more than a page shows. */
export const Partial = ({ isPartial, hasMore }: { isPartial: boolean; hasMore?: boolean | undefined }) =>
  html`${isPartial && html`<p class="not-known" role="status"><span aria-hidden="true">?</span> ${t("notKnown.part")}</p>`}${hasMore && html`<p class="not-known" role="status"><span aria-hidden="true">…</span> ${t("notKnown.older")}</p>`}`;

/** Says which parts of a board are unknown. */
export function Unknown({ parts }: { parts: BoardPart[] }) {
  if (parts.length === 0) return null;
  const names = listed(parts.map((part) => tIfAny(`board.${part}`) ?? part));
  return html`<p class="not-known" role="status"><span aria-hidden="true">?</span> ${t("board.unknown", { parts: names })}</p>`;
}
