/** Attributes that a bed must have, or has, chosen from the known ones. */
import { html } from "../html.ts";
import { tIfAny } from "../platform/texts.ts";

/** Known attributes of beds; a hospital's own are added where beds have them. */
const ATTRIBUTES = ["isolation", "oxygen", "cot"];

interface NeedsProps {
  legend: string;
  chosen: readonly string[];
  onChoose: (chosen: string[]) => void;
}

export function Needs({ legend, chosen, onChoose }: NeedsProps) {
  const toggle = (one: string) => onChoose(chosen.includes(one) ? chosen.filter((it) => it !== one) : [...chosen, one]);
  return html`<fieldset><legend>${legend}</legend><div class="buttons">${[...new Set([...ATTRIBUTES, ...chosen])].map(
    (one) =>
      html`<label key=${one} class="choice"><input type="checkbox" checked=${chosen.includes(one)} onChange=${() => toggle(one)} /> ${tIfAny(`attribute.${one}`) ?? one}</label>`,
  )}</div></fieldset>`;
}
