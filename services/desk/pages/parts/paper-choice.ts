/** The paper on which receipts and bills are printed: a sheet, or a roll of 80 mm. Asked once, and kept in this browser. */
import { useState } from "preact/hooks";
import { html } from "../html.ts";
import { t } from "../platform/texts.ts";

const PAPERS = ["a4", "roll"] as const;
/** Also the class of what is printed. */
export type Paper = (typeof PAPERS)[number];

const KEPT_AS = "desk.paper";

/** The chosen paper, and a function to choose it; by default sheets. */
export function usePaper(): [Paper, (paper: Paper) => void] {
  const [paper, setPaper] = useState<Paper>(PAPERS.find((one) => one === localStorage.getItem(KEPT_AS)) ?? "a4");
  const choose = (one: Paper) => {
    localStorage.setItem(KEPT_AS, one);
    setPaper(one);
  };
  return [paper, choose];
}

export const PaperChoice = ({ paper, onChoose }: { paper: Paper; onChoose: (paper: Paper) => void }) =>
  html`<div class="tabs" role="group" aria-label=${t("print.paper")}>${PAPERS.map(
    (one) =>
      html`<button key=${one} type="button" aria-pressed=${paper === one} onClick=${() => onChoose(one)}>${t(`print.paper.${one}`)}</button>`,
  )}</div>`;
