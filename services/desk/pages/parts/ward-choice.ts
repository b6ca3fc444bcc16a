/** The list in which a ward is chosen, for pages that show one. */
import type { BoardWard } from "../../../wards/board.contract.ts";
import { html } from "../html.ts";
import { t } from "../platform/texts.ts";

interface WardChoiceProps {
  id: string;
  /** The shown ward, "Location/…". */
  ward: string;
  wards: readonly BoardWard[];
  onChoose: (ward: string) => void;
}

export const WardChoice = ({ id, ward, wards, onChoose }: WardChoiceProps) =>
  html`<span class="choice"><label for=${id}>${t("ward.which")}</label>
    <select id=${id} value=${ward} onChange=${({ currentTarget }: { currentTarget: HTMLSelectElement }) => onChoose(currentTarget.value)}>
      ${wards.map(({ location, name }) => html`<option key=${location} value=${location}>${name}</option>`)}
    </select></span>`;
