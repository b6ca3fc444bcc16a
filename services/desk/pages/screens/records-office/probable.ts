/** Probable duplicates in the register, page by page: a person reviews each pair, and merges it or marks it as distinct. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../../fhir/r4.ts";
import type { DuplicatePair, DuplicatesState, patients as patientsContract } from "../../../../patients/patients.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { For } from "../../parts/for.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { Panel } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, readAll } from "../../platform/api.ts";
import { useNews } from "../../platform/live.ts";
import { useLoad } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { go } from "../../platform/router.ts";
import { numberIn, t } from "../../platform/texts.ts";
import { useKept } from "../../platform/drafts.ts";

const patients = actionsOf<typeof patientsContract>("patients");
/** Pairs per page. */
const PAGE = 20;

interface Known {
  duplicates: DuplicatePair[];
  records: Map<string, Patient>;
  state: DuplicatesState;
}

async function read(after: string | undefined): Promise<Known> {
  const [duplicates, state] = await Promise.all([
    patients.listDuplicates({ limit: PAGE, ...(after !== undefined && { after }) }),
    patients.duplicatesState({}),
  ]);
  return { duplicates, state, records: await readAll<Patient>(duplicates.flatMap((one) => one.patients)) };
}

export function Probable() {
  const live = useNews("types=Patient", () => known.reload());
  /** Ends of the pages before this one. */
  const [ends, setEnds] = useState<string[]>([]);
  const after = ends.at(-1);
  const known = useLoad(`probable duplicates ${after}`, () => read(after), live.everyMs);
  const [apart, setApart] = useState<DuplicatePair | undefined>();
  const line = (record: Patient | undefined) => (record ? html`<${PersonLine} patient=${record} />` : t("person.notKnown"));
  const row = (one: DuplicatePair, records: Known["records"]) => {
    const [first, second] = one.patients.map((reference) => records.get(reference));
    return html`<li key=${one.place}>
    <span>${line(first)}<br />${line(second)}</span>
    <span class="buttons"><span class=${one.grade === "certain" ? "tag bad" : "tag warn"}>${t(`grade.${one.grade as "certain" | "probable"}`)}</span>
      <button type="button" onClick=${() => go("records", one.patients[0])}>${t("records.look")}<${For} who=${nameOf(first)} /></button>
      <button type="button" class="quiet" onClick=${() => setApart(one)}>${t("records.distinct")}<${For} who=${nameOf(first)} /></button></span></li>`;
  };
  const show = ({ duplicates, records, state }: Known) => html`<p class="muted" role="status">${progressOf(state)}</p>
    ${duplicates.length === 0 && html`<p class="muted">${t("records.noDuplicates")}</p>`}
    <ul class="list">${duplicates.map((one) => row(one, records))}</ul>
    <div class="buttons">
      ${ends.length > 0 && html`<button type="button" onClick=${() => setEnds(ends.slice(0, -1))}>${t("page.before")}</button>`}
      ${duplicates.length === PAGE && html`<button type="button" onClick=${() => setEnds([...ends, duplicates.at(-1)?.place ?? ""])}>${t("page.next")}</button>`}
    </div>`;
  return html`<${Panel} title=${t("records.probable")} loaded=${known} show=${show} />
    ${apart && html`<${TellApart} duplicate=${apart} onClose=${() => setApart(undefined)} onDone=${known.reload} />`}`;
}

/** Progress of the search for duplicates, in words. */
function progressOf({ looked, records, isFull }: DuplicatesState): string {
  if (isFull) return t("records.full");
  if (looked >= records) return t("records.allLooked", { n: records });
  return t("records.looked", { looked: numberIn(looked), records: numberIn(records) });
}

interface ApartProps {
  duplicate: DuplicatePair;
  onClose: () => void;
  onDone: () => void;
}

/** Marks two records as of two people, with a reason. */
function TellApart({ duplicate: { patients: pair }, onClose, onDone }: ApartProps) {
  const kept = `apart ${pair.join(" ")}`;
  const [reason, setReason] = useKept(kept, "reason");
  const [patient, other] = pair;
  const send = async () => {
    await patients.setDistinct({ patient, other, reason });
    say(t("records.areDistinct"), () => patients.setDistinct({ patient, other }).then(onDone));
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${t("records.distinct")} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("store")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("records.distinctReason")} name="distinct-reason" value=${reason} onValue=${setReason} required autofocus fault=${faultOf("reason")} />`}
    <//>
  <//>`;
}
