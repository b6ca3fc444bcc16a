/** Two people have changed one record: what each has made of it, side by side. What only one has changed is chosen already. */
import { useState } from "preact/hooks";
import { html } from "../html.ts";
import { Form } from "./form.ts";
import { Wide } from "./wide.ts";
import type { Draft } from "../platform/drafts.ts";
import { t } from "../platform/texts.ts";

interface MergeProps {
  /** What both have changed. */
  label: string;
  /** Names of the fields that may differ. */
  labels: Record<string, string>;
  /** As both have found it. */
  base: Draft;
  mine: Draft;
  theirs: Draft;
  onChosen: (chosen: Draft) => unknown;
}

/** See the head of this file. */
export function MergeView({ label, labels, base, mine, theirs, onChosen }: MergeProps) {
  const differing = Object.keys(labels).filter((field) => mine[field] !== theirs[field]);
  const [picked, setPicked] = useState<Record<string, boolean>>({});
  // Asked at each drawing: they may change it again while one chooses.
  const isFromMe = (field: string): boolean => picked[field] ?? mine[field] !== base[field];
  const send = async () =>
    onChosen(Object.fromEntries(Object.keys(labels).map((field) => [field, (isFromMe(field) ? mine : theirs)[field] ?? ""])));
  const choice = (field: string, isMine: boolean) => html`<label class="choice">
    <input type="radio" name=${`merge-${field}`} checked=${isFromMe(field) === isMine} onChange=${() => setPicked({ ...picked, [field]: isMine })} />
    <span class="visually-hidden">${labels[field]}, ${t(isMine ? "merge.mine" : "merge.theirs")}: </span><bdi>${(isMine ? mine : theirs)[field] || t("merge.empty")}</bdi>
  </label>`;
  return html`<p role="alert">${t("merge.text")}</p>
    <${Form} send=${send} submit=${t("store")}>
      ${() => html`<${Wide} label=${label}><table>
        <thead><tr><td></td><th scope="col">${t("merge.mine")}</th><th scope="col">${t("merge.theirs")}</th></tr></thead>
        <tbody>${differing.map((field) => html`<tr key=${field}><th scope="row">${labels[field]}</th><td>${choice(field, true)}</td><td>${choice(field, false)}</td></tr>`)}</tbody>
      </table><//>`}
    <//>`;
}
