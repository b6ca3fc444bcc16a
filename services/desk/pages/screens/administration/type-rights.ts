/** The interactions of a role by resource type: a row per type, a check box per interaction. */
import { html } from "../../html.ts";
import { Wide } from "../../parts/wide.ts";
import { useUnread } from "../../platform/drafts.ts";
import { t } from "../../platform/texts.ts";

/** SMART's letters, in their order. */
export const LETTERS = ["c", "r", "u", "d", "s"] as const;
/** All types that are not named. */
const OTHERS = "*";

/** Name of a type for people. */
export const typeName = (type: string): string => (type === OTHERS ? t("roles.others") : type);

interface TypeRightsProps {
  /** Letters by type. */
  types: Readonly<Record<string, string>>;
  onChange: (types: Readonly<Record<string, string>>) => void;
  fault?: string | undefined;
}

export function TypeRights({ types, onChange, fault }: TypeRightsProps) {
  const [added = "", keepAdded] = useUnread("added type");
  const toggle = (type: string, letter: string) => {
    const letters = LETTERS.filter((one) => ((types[type] ?? "").includes(one) ? one !== letter : one === letter));
    onChange({ ...types, [type]: letters.join("") });
  };
  const remove = (type: string) => onChange(Object.fromEntries(Object.entries(types).filter(([name]) => name !== type)));
  const add = () => {
    if (/^(\*|[A-Z][A-Za-z]+)$/.test(added) && types[added] === undefined) onChange({ ...types, [added]: "rs" });
    keepAdded("", true);
  };
  const box = (type: string, letter: (typeof LETTERS)[number]) =>
    html`<td key=${letter} data-label=${t(`roles.may.${letter}`)}><input type="checkbox" aria-label=${`${typeName(type)}: ${t(`roles.may.${letter}`)}`} checked=${types[type]?.includes(letter)} onChange=${() => toggle(type, letter)} /></td>`;
  const row = (
    type: string,
  ) => html`<tr key=${type}><th scope="row" translate="no">${typeName(type)}</th>${LETTERS.map((letter) => box(type, letter))}
    <td><button type="button" class="quiet" aria-label=${t("roles.removeType", { type: typeName(type) })} onClick=${() => remove(type)}>×</button></td></tr>`;
  return html`<fieldset><legend>${t("roles.types")}</legend>
    <${Wide} label=${t("roles.types")}><table class="stacked"><thead><tr><th scope="col">${t("roles.type")}</th>${LETTERS.map((letter) => html`<th key=${letter} scope="col">${t(`roles.may.${letter}`)}</th>`)}<td></td></tr></thead>
      <tbody>${Object.keys(types).sort().map(row)}</tbody></table><//>
    <div class="line"><label for="field-role-type">${t("roles.addType")}</label> <input id="field-role-type" autocomplete="off" translate="no" value=${added} onInput=${({ currentTarget }: { currentTarget: HTMLInputElement }) => keepAdded(currentTarget.value.trim(), false)} />
      <button type="button" onClick=${add}>${t("add")}</button></div>
    ${fault && html`<p class="fault">${fault}</p>`}
  </fieldset>`;
}
