/**
 * Content that may be wider than its place, e.g. a table. If the columns of a list in a table (`stacked`) do not fit, in this language and at this width,
 * each row is shown as a block; other tables scroll sideways, by keyboard too.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Children, html } from "../html.ts";

/** A phone, or a tablet in portrait: columns that fit there would be too narrow to read. */
const UPRIGHT = matchMedia("(max-width: 50rem)");

const isOver = ({ scrollWidth, clientWidth }: Element): boolean => scrollWidth > clientWidth;

/** Stacks the rows if their columns do not fit. */
function stackWhereNarrow(element: Element): void {
  element.classList.remove("narrow");
  if (UPRIGHT.matches || isOver(element)) element.classList.add("narrow");
}

/** @param label read out when it takes the focus */
export function Wide({ label, children }: { label: string; children: Children }) {
  const node = useRef<HTMLDivElement>(null);
  const [isWide, setWide] = useState(false);
  const look = () => {
    const element = node.current;
    if (!element) return;
    stackWhereNarrow(element);
    setWide(isOver(element));
  };
  useLayoutEffect(look); // before painting, so that nothing jumps
  useEffect(() => {
    const element = node.current;
    if (!element) return;
    let frame = 0;
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(look); // it changes what is observed: not within the observer's callback
    });
    observer.observe(element);
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
    };
  }, []);
  const reached = isWide ? { tabindex: 0, role: "group", "aria-label": label } : {};
  return html`<div class="wide" ref=${node} ...${reached}>${children}</div>`;
}
