/**
 * What is printed while a dialog shows a sheet is that sheet alone, at the size of its paper: what lies in a dialog is above the page, where
 * browsers cut no sheets and know no sizes.
 */
const ID = "paper";

/** Drawings of scanner codes are no part of a copied element. */
function copyOf(sheet: Element): Element {
  const copy = sheet.cloneNode(true) as Element;
  const copies = copy.querySelectorAll("canvas");
  for (const [index, drawn] of sheet.querySelectorAll("canvas").entries()) copies[index]?.getContext("2d")?.drawImage(drawn, 0, 0);
  return copy;
}

const clear = () => document.getElementById(ID)?.remove();

function lay(): void {
  clear();
  const sheet = [...document.querySelectorAll("dialog[open] .print")].at(-1);
  if (!sheet) return;
  const paper = document.createElement("div");
  paper.id = ID;
  paper.append(copyOf(sheet));
  document.body.append(paper);
}

/** From now on, by the button of the page and by the browser's. */
export function layOnPaper(): void {
  addEventListener("beforeprint", lay);
  addEventListener("afterprint", clear);
}
