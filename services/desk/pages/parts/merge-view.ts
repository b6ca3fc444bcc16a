/** Two people have changed one record: shows both versions side by side. What only one of them has changed is preselected. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.ts";
import { Form } from "./form.ts";
import { Wide } from "./wide.ts";
import type { Draft } from "../platform/drafts.ts";
import { t } from "../platform/texts.ts";

interface MergeProps {
  /** Title: what both have changed. */
  label: string;
  /** Names of the fields that may differ. */
  labels: Record<string, string>;
  /** The text of a field's value; default: the value. */
  textOf?: (field: string, value: string) => string;
  /** The version on which both are based. */
  base: Draft;
  mine: Draft;
  theirs: Draft;
  onChosen: (chosen: Draft) => unknown;
  /** Keeps the version of the others. */
  onCancel: () => void;
}

export function MergeView({ label, labels, textOf = (_, value) => value, base, mine, theirs, onChosen, onCancel }: MergeProps) {
  const differing = Object.keys(labels).filter((field) => (mine[field] ?? "") !== (theirs[field] ?? ""));
  const said = useRef<HTMLParagraphElement>(null);
  // The form that was sent may be gone with the focused element. If the record changes again, that is announced again.
  useLayoutEffect(() => said.current?.focus(), [JSON.stringify(theirs)]);
  const [picked, setPicked] = useState<Record<string, boolean>>({});
  // Computed at each rendering: the others' version may change while one chooses.
  const isFromMe = (field: string): boolean => picked[field] ?? mine[field] !== base[field];
  const send = async () =>
    onChosen(Object.fromEntries(Object.keys(labels).map((field) => [field, (isFromMe(field) ? mine : theirs)[field] ?? ""])));
  const choice = (field: string, isMine: boolean) => html`<label class="choice">
    <input type="radio" name=${`merge-${field}`} checked=${isFromMe(field) === isMine} onChange=${() => setPicked({ ...picked, [field]: isMine })} />
    <span class="visually-hidden">${labels[field]}, ${t(isMine ? "merge.mine" : "merge.theirs")}: </span><bdi>${textOf(field, (isMine ? mine : theirs)[field] ?? "") || t("merge.empty")}</bdi>
  </label>`;
  return html`<p role="alert" tabindex="-1" ref=${said}>${t("merge.text")}</p>
    <${Form} send=${send} submit=${t("store")} onCancel=${onCancel}>
      ${() => html`<${Wide} label=${label}><table>
        <thead><tr><td></td><th scope="col">${t("merge.mine")}</th><th scope="col">${t("merge.theirs")}</th></tr></thead>
        <tbody>${differing.map((field) => html`<tr key=${field}><th scope="row">${labels[field]}</th><td>${choice(field, true)}</td><td>${choice(field, false)}</td></tr>`)}</tbody>
      </table><//>`}
    <//>`;
}
