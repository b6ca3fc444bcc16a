/** What a bed must have, or has: chosen of what beds here may have. */
import { html } from "../html.ts";
import { tIfAny } from "../platform/texts.ts";

/** What beds may have; a hospital's own words come beside it where a bed has them. */
const ATTRIBUTES = ["isolation", "oxygen", "cot"];

interface NeedsProps {
  legend: string;
  chosen: readonly string[];
  onChoose: (chosen: string[]) => void;
}

/** See the head of this file. */
export function Needs({ legend, chosen, onChoose }: NeedsProps) {
  const toggle = (one: string) => onChoose(chosen.includes(one) ? chosen.filter((it) => it !== one) : [...chosen, one]);
  return html`<fieldset><legend>${legend}</legend><div class="buttons">${[...new Set([...ATTRIBUTES, ...chosen])].map(
    (one) =>
      html`<label key=${one} class="choice"><input type="checkbox" checked=${chosen.includes(one)} onChange=${() => toggle(one)} /> ${tIfAny(`attribute.${one}`) ?? one}</label>`,
  )}</div></fieldset>`;
}
