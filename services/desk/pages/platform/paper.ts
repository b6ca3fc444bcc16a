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

/** The roll's page is as long as what is on it: a printer feeds the whole page. */
const roll = new CSSStyleSheet();
document.adoptedStyleSheets.push(roll);
const PIXELS_OF_MM = 96 / 25.4;
/** Above and below, and what a line may be taller on paper, mm. */
const ROLL_ROOM = 10;

function cutRoll(sheet: Element): void {
  const height = Math.ceil(sheet.getBoundingClientRect().height / PIXELS_OF_MM) + ROLL_ROOM;
  roll.replaceSync(`@page roll { size: 80mm ${height}mm; margin: 3mm 4mm; @bottom-center { content: none; } }`);
}

const clear = () => document.getElementById(ID)?.remove();

function lay(): void {
  clear();
  const sheet = [...document.querySelectorAll("dialog[open] .print")].at(-1);
  if (!sheet) return;
  if (sheet.matches(".roll")) cutRoll(sheet);
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
