/** Waiting patients: open visits, the longest first; those who have been called in stand after those who still wait. */
import { useState } from "preact/hooks";
import { OPEN_STATUSES } from "../../../../../fhir/open-encounters.ts";
import type { Encounter, Patient } from "../../../../../fhir/r4.ts";
import type { visits as visitsContract } from "../../../../visits/visits.contract.ts";
import { html } from "../../html.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { For } from "../../parts/for.ts";
import { Form } from "../../parts/form.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, search } from "../../platform/api.ts";
import { plainLetters } from "../../platform/birth-date.ts";
import { since, timeOf } from "../../platform/clock.ts";
import { useNews } from "../../platform/live.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { nameOf, numberOf, otherNamesOf } from "../../platform/names.ts";
import { hrefOf } from "../../platform/router.ts";
import { numberIn, t } from "../../platform/texts.ts";
import { useKept } from "../../platform/drafts.ts";
import { callIn, seenBy, whoCalls } from "./called-in.ts";
import { conceptOf } from "../../platform/shown-values.ts";

const visits = actionsOf<typeof visitsContract>("visits");
/** Limits of the list, and of what the filter looks at. */
const [MAX_SHOWN, MAX_SOUGHT] = [100, 1_000];

/** Number from which on the queue has a filter. */
const MANY = 20;
const KINDS = ["all", "booked", "unbooked"] as const;

/** The filter. */
interface Sought {
  /** Part of a name, a number or a reason. */
  text: string;
  kind: (typeof KINDS)[number];
}
const ALL: Sought = { text: "", kind: "all" };

interface Waiting {
  visit: Encounter;
  patient: Patient | undefined;
}

interface Read {
  all: Waiting[];
  isPartial: boolean;
  /** Whether more wait than these. */
  hasMore: boolean;
}

async function waiting(count: number): Promise<Read> {
  const query = { class: "AMB", status: OPEN_STATUSES.join(), _sort: "date", _count: `${count}`, _include: "Encounter:subject" };
  const { resources, included, isPartial, hasMore } = await search<Encounter>("Encounter", query);
  const patients = new Map(included.map((one) => [`Patient/${one.id}`, one as Patient]));
  return { all: resources.map((visit) => ({ visit, patient: patients.get(visit.subject?.reference ?? "") })), isPartial, hasMore };
}

/** The visits that match the filter; all, if the queue is short. */
function found(all: Waiting[], { text, kind }: Sought): Waiting[] {
  if (all.length <= MANY) return [...all];
  const words = plainLetters(text).split(/\s+/).filter(Boolean);
  return all.filter(({ visit, patient }) => {
    const isBooked = (visit.appointment ?? []).length > 0;
    if (kind !== "all" && isBooked !== (kind === "booked")) return false;
    const names = patient ? [nameOf(patient), ...otherNamesOf(patient), numberOf(patient)] : [];
    const told = plainLetters([...names, conceptOf(visit.reasonCode?.[0])].join(" "));
    return words.every((word) => told.includes(word));
  });
}

function Filter({ sought, onSeek }: { sought: Sought; onSeek: (sought: Sought) => void }) {
  const kinds = KINDS.map((one) => [one, t(`queue.kind.${one}`)] as const);
  return html`<div class="fields">
    <${Field} label=${t("queue.seek")} name="queue-seek" value=${sought.text} onValue=${(text: string) => onSeek({ ...sought, text })} />
    <${Field} label=${t("filter")} name="queue-kind" value=${sought.kind} onValue=${(kind: string) => onSeek({ ...sought, kind: kind as Sought["kind"] })} options=${kinds} />
  </div>`;
}

/** @param turn changes with the queue */
export function Queue({ turn }: { turn: number }) {
  const live = useNews("types=Encounter", () => queue.reload());
  const [sought, setSought] = useState(ALL);
  const count = sought.text.trim() === "" && sought.kind === "all" ? MAX_SHOWN : MAX_SOUGHT;
  const queue = useLoad("queue", () => waiting(count), live.everyMs);
  useTurn(queue, `${turn} ${count}`);
  const [cancelled, setCancelled] = useState<Waiting | undefined>();
  const close = async ({ visit: { id }, patient }: Waiting) => {
    try {
      await visits.close({ visit: `Encounter/${id}` });
      const reopen = () => visits.reopen({ visit: `Encounter/${id}`, reason: t("undo.reason") }).then(queue.reload);
      say(t("visit.closed", { name: nameOf(patient) }), reopen);
      queue.reload();
    } catch (error) {
      sayFault(error);
    }
  };
  const times = ({ visit }: Waiting) => {
    const seen = seenBy(visit);
    const sinceTime = (at: string | undefined) => html`<time datetime=${at} title=${timeOf(at)}>${since(at)}</time>`;
    return seen
      ? html`<span class="tag good">${t("queue.with", { who: seen.who })}</span> ${sinceTime(seen.since)}`
      : sinceTime(visit.period?.start);
  };
  const row = (one: Waiting) => html`<li key=${one.visit.id}>
    <span><a href=${hrefOf("chart", one.visit.subject?.reference)}>${one.patient ? html`<${PersonLine} patient=${one.patient} />` : t("person.notKnown")}</a>
      <br /><span class="muted">${conceptOf(one.visit.reasonCode?.[0])}</span></span>
    <span class="buttons">
      ${times(one)}
      ${whoCalls() && !seenBy(one.visit) && html`<button type="button" onClick=${() => callIn(one.visit, nameOf(one.patient), queue.reload)}>${t("queue.callIn")}<${For} who=${nameOf(one.patient)} /></button>`}
      <button type="button" onClick=${() => close(one)} >${t("visit.close")}<${For} who=${nameOf(one.patient)} /></button>
      <button type="button" class="quiet" onClick=${() => setCancelled(one)} >${t("visit.cancel")}<${For} who=${nameOf(one.patient)} /></button>
    </span>
  </li>`;
  const show = ({ all, isPartial, hasMore }: Read) => {
    const matching = found(all, sought).sort((a, b) => Number(Boolean(seenBy(a.visit))) - Number(Boolean(seenBy(b.visit))));
    const seen = all.filter(({ visit }) => seenBy(visit)).length;
    const isCut = hasMore || matching.length > MAX_SHOWN;
    return html`<${Partial} isPartial=${isPartial} />
      <p class="muted">${isCut ? t("list.first", { n: numberIn(Math.min(matching.length, MAX_SHOWN)) }) : t("queue.count", { n: all.length - seen })} ${seen > 0 && t("queue.seen", { n: seen })}</p>
      ${all.length > MANY && html`<${Filter} sought=${sought} onSeek=${setSought} />`}
      <ul class="list roomy">${matching.slice(0, MAX_SHOWN).map(row)}</ul>
      ${all.length > MANY && matching.length === 0 && html`<p class="muted" role="status">${t("queue.noneSuch")}</p>`}
      ${cancelled && html`<${Cancel} of=${cancelled} onClose=${() => setCancelled(undefined)} onDone=${queue.reload} />`}`;
  };
  return html`<${Panel} title=${t("queue")} id="part-queue" loaded=${queue} show=${show} />`;
}

/** A cancelled visit stays cancelled (rule encounter-status): opens another one, of the same appointment or with the same start. */
async function openAgain({ appointment: [booked] = [], subject, reasonCode, period }: Encounter): Promise<unknown> {
  if (booked?.reference) return visits.arrive({ appointment: booked.reference });
  const reason = conceptOf(reasonCode?.[0]);
  return visits.open({
    patient: subject?.reference ?? "",
    ...(reason && { reason }),
    ...(period?.start && { at: period.start, lateReason: t("undo.reason") }),
  });
}

function Cancel({ of: { visit, patient }, onClose, onDone }: { of: Waiting; onClose: () => void; onDone: () => void }) {
  const kept = `cancel ${visit.id}`;
  const [reason, setReason] = useKept(kept, "reason");
  const send = async () => {
    await visits.cancel({ visit: `Encounter/${visit.id}`, version: Number(visit.meta?.versionId), reason });
    say(t("visit.cancelled", { name: nameOf(patient) }), () => openAgain(visit).then(onDone));
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${t("visit.cancelOf", { name: nameOf(patient) })} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("visit.cancel")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("reason")} name="cancel-reason" value=${reason} onValue=${setReason} fault=${faultOf("reason")} required autofocus />`}
    <//>
  <//>`;
}
