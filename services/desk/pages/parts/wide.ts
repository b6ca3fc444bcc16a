/**
 * What may be wider than its place, a table. A list in a table (`stacked`) whose columns have no room, in this language and at this width, has
 * each row stand by itself; any other table is moved sideways, by keyboard too.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Children, html } from "../html.ts";

/** A phone, or a tablet that is held upright: columns that have room there all the same are too narrow to be read. */
const UPRIGHT = matchMedia("(max-width: 50rem)");

const isOver = ({ scrollWidth, clientWidth }: Element): boolean => scrollWidth > clientWidth;

/** Stacks the rows if their columns have no room. */
function stackWhereNarrow(element: Element): void {
  element.classList.remove("narrow");
  if (UPRIGHT.matches || isOver(element)) element.classList.add("narrow");
}

/** @param label what it shows, read out when it takes the focus */
export function Wide({ label, children }: { label: string; children: Children }) {
  const node = useRef<HTMLDivElement>(null);
  const [isWide, setWide] = useState(false);
  const look = () => {
    const element = node.current;
    if (!element) return;
    stackWhereNarrow(element);
    setWide(isOver(element));
  };
  useLayoutEffect(look); // before it is seen: nothing jumps
  useEffect(() => {
    const element = node.current;
    if (!element) return;
    let frame = 0;
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(look); // what is measured is changed by it: not within the measuring
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
