/** Chooses the person's own ward. */
import { useState } from "preact/hooks";
import { html } from "../../html.ts";
import { chooseWard, useAllWards, wardOf } from "../../platform/own-ward.ts";
import { t } from "../../platform/texts.ts";

/** @param onChange called when another ward was chosen */
export function MyWard({ onChange }: { onChange: () => void }) {
  const known = useAllWards();
  const [chosen, setChosen] = useState<string | undefined>();
  const all = known.value?.wards ?? [];
  if (all.length === 0) return null;
  const choose = (location: string) => {
    chooseWard(location);
    setChosen(location);
    onChange();
  };
  return html`<label class="visually-hidden" for="own-ward">${t("home.ward")}</label>
    <select id="own-ward" value=${chosen ?? wardOf(all)?.location} onChange=${({ currentTarget }: { currentTarget: HTMLSelectElement }) => choose(currentTarget.value)}>
      ${all.map(({ location, name }) => html`<option key=${location} value=${location}>${name}</option>`)}
    </select>`;
}
