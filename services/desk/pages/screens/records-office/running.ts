/** Progress of a long merge, until it has ended; it continues even if the page is closed. */
import { useEffect } from "preact/hooks";
import type { MergeState, patients as patientsContract } from "../../../../patients/patients.contract.ts";
import { html } from "../../html.ts";
import { NotKnown } from "../../parts/panel.ts";
import { actionsOf } from "../../platform/api.ts";
import { useLoad } from "../../platform/load.ts";
import { numberIn, t } from "../../platform/texts.ts";

const patients = actionsOf<typeof patientsContract>("patients");
/** Interval of reading, milliseconds. */
const EVERY_MS = 1_000;
/** Limit up to which the rest is counted. */
const MAX_COUNTED = 100;

/** @param source "Patient/…" @param onEnd called when it has ended, or was refused */
export function Running({ source, onEnd }: { source: string; onEnd: (state: MergeState) => void }) {
  const known = useLoad(`merge ${source}`, () => patients.mergeState({ source }), EVERY_MS);
  const { value } = known;
  const hasEnded = value !== undefined && value.state !== "running";
  useEffect(() => {
    if (hasEnded) onEnd(value);
  }, [hasEnded]);
  const { moved = 0, left = 0 } = value ?? {};
  const rest = left > MAX_COUNTED ? `> ${numberIn(MAX_COUNTED)}` : numberIn(left);
  const said = t("records.moving", { moved: numberIn(moved), left: rest });
  return html`<div class="stack" role="status"><p>${t("records.running")} ${value && said}</p>
    <progress aria-label=${t("records.running")} max=${value ? moved + left : undefined} value=${value ? moved : undefined}></progress>
    <${NotKnown} loaded=${known} /></div>`;
}
