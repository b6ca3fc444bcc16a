/**
 * Prints only the sheet that a dialog shows, at the size of its paper: browsers cannot break a dialog, which lies above the page, into pages of a given
 * size.
 */
const ID = "paper";

/** Copies an element with its scanner codes, which are canvases and not copied otherwise. */
function copyOf(sheet: Element): Element {
  const copy = sheet.cloneNode(true) as Element;
  const copies = copy.querySelectorAll("canvas");
  for (const [index, drawn] of sheet.querySelectorAll("canvas").entries()) copies[index]?.getContext("2d")?.drawImage(drawn, 0, 0);
  return copy;
}

/** The page of a roll is as long as its content, as printers feed the whole page. */
const roll = new CSSStyleSheet();
document.adoptedStyleSheets.push(roll);
const PIXELS_OF_MM = 96 / 25.4;
/** Margin above and below, and for lines that are taller on paper, mm. */
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

/** Installs this for printing by the page's button and the browser's. */
export function layOnPaper(): void {
  addEventListener("beforeprint", lay);
  addEventListener("afterprint", clear);
}
