/** A code for scanners; its library is large, and loaded when needed. */
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.ts";
import { loadModule } from "../platform/modules.ts";

/** @param kind `code128` on labels, `datamatrix` where there is little room */
export function CodeImage({ text, kind = "code128" }: { text: string; kind?: "code128" | "datamatrix" }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const options = {
      bcid: kind,
      text,
      scale: 3,
      ...(kind === "code128" && { height: 9 }),
      paddingwidth: 4,
      paddingheight: 2,
      backgroundcolor: "FFFFFF",
    };
    const draw = async () => {
      const { default: bwip } = await loadModule(() => import("bwip-js"));
      if (canvas.current) bwip.toCanvas(canvas.current, options);
    };
    draw().catch(console.error);
  }, [text, kind]);
  return html`<canvas ref=${canvas} class="code ${kind}" role="img" aria-label=${text}></canvas>`;
}
