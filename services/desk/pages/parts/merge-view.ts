/** Two people have changed one record: what each has made of it, side by side. What only one has changed is chosen already. */
import { useEffect, useRef, useState } from "preact/hooks";
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
  /** A field as people read it; default: as it is written. */
  textOf?: (field: string, value: string) => string;
  /** As both have found it. */
  base: Draft;
  mine: Draft;
  theirs: Draft;
  onChosen: (chosen: Draft) => unknown;
  /** What others have made of it stays. */
  onCancel: () => void;
}

/** See the head of this file. */
export function MergeView({ label, labels, textOf = (_, value) => value, base, mine, theirs, onChosen, onCancel }: MergeProps) {
  const differing = Object.keys(labels).filter((field) => (mine[field] ?? "") !== (theirs[field] ?? ""));
  const said = useRef<HTMLParagraphElement>(null);
  // The form that was sent is gone, and so may be what had the focus; when they have changed it once more, that is read out again.
  useEffect(() => said.current?.focus(), [JSON.stringify(theirs)]);
  const [picked, setPicked] = useState<Record<string, boolean>>({});
  // Asked at each drawing: they may change it again while one chooses.
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
