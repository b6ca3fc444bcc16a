/** What may be wider than the window, a table: it is moved sideways by itself, by keyboard too. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Children, html } from "../html.ts";

/** @param label what it shows, read out when it takes the focus */
export function Wide({ label, children }: { label: string; children: Children }) {
  const node = useRef<HTMLDivElement>(null);
  const [isWide, setWide] = useState(false);
  useEffect(() => {
    const element = node.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWide(element.scrollWidth > element.clientWidth));
    observer.observe(element);
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, []);
  const reached = isWide ? { tabindex: 0, role: "group", "aria-label": label } : {};
  return html`<div class="wide" ref=${node} ...${reached}>${children}</div>`;
}
