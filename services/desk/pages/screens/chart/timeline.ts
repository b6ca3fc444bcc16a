/** Events of all services in one list; unavailable sources are named above it. */
import { html } from "../../html.ts";
import { findingOf, testOf } from "../../parts/finding.ts";
import { useMore } from "../../parts/more.ts";
import { Partial } from "../../parts/panel.ts";
import { momentOf } from "../../platform/clock.ts";
import { joined, t, type TextKey } from "../../platform/texts.ts";
import { kindOf } from "./encounters.ts";
import { dosageWords } from "../../platform/dosage-words.ts";
import { noteText } from "../../platform/notes.ts";
import { conceptOf, quantityOf } from "../../platform/shown-values.ts";
import { isError as isNotedByMistake, outcomeOf } from "../round/dose-outcome.ts";
import { isError } from "./home-medication-status.ts";
import type { Parts } from "./sources.ts";

/** Number shown at first, the newest first, and added each time. */
const STEP = 40;

interface Event {
  id: string;
  at: string;
  kind: TextKey;
  text: string;
}

function eventsOf(parts: Parts): Event[] {
  const { encounters, results, prescriptions, doses, taken, orders, problems, notes } = parts;
  const events = [
    ...(encounters.value?.resources ?? []).map((one) => ({
      id: one.id,
      at: one.period?.start,
      kind: "timeline.encounter" as const,
      text: joined(kindOf(one), conceptOf(one.reasonCode?.[0])),
    })),
    ...(results.value?.resources ?? []).map((one) => ({
      id: one.id,
      at: one.effectiveDateTime,
      kind: "timeline.result" as const,
      text: `${testOf(one)} ${findingOf(one)}`,
    })),
    ...(prescriptions.value?.resources ?? []).map((one) => ({
      id: one.id,
      at: one.authoredOn,
      kind: "timeline.prescription" as const,
      text: conceptOf(one.medicationCodeableConcept),
    })),
    ...(doses.value?.resources ?? [])
      .filter((one) => !isNotedByMistake(one))
      .map((one) => ({
        id: one.id,
        at: one.effectiveDateTime ?? one.effectivePeriod?.start,
        kind: "timeline.dose" as const,
        text: joined(
          conceptOf(one.medicationCodeableConcept),
          one.dosage?.dose && quantityOf(one.dosage.dose),
          t(`round.${outcomeOf(one)}`),
        ),
      })),
    ...(taken.value?.resources ?? [])
      .filter((one) => !isError(one))
      .map((one) => ({
        id: one.id,
        at: one.dateAsserted,
        kind: "timeline.taken" as const,
        text: joined(conceptOf(one.medicationCodeableConcept), dosageWords(one.dosage)),
      })),
    ...(orders.value?.resources ?? []).map((one) => ({
      id: one.id,
      at: one.authoredOn,
      kind: "timeline.order" as const,
      text: conceptOf(one.code),
    })),
    ...(problems.value?.resources ?? []).map((one) => ({
      id: one.id,
      at: one.recordedDate ?? one.onsetDateTime,
      kind: "timeline.problem" as const,
      text: conceptOf(one.code),
    })),
    ...(notes.value?.resources ?? []).map((one) => ({ id: one.id, at: one.date, kind: "timeline.note" as const, text: noteText(one) })),
  ];
  return events.flatMap(({ id = "", at, ...one }) => (at === undefined ? [] : [{ ...one, id, at }])).sort((a, b) => (a.at < b.at ? 1 : -1));
}

export function Timeline({ parts }: { parts: Parts }) {
  const events = eventsOf(parts);
  const more = useMore(STEP, Number.POSITIVE_INFINITY);
  const isPartial = Object.values(parts).some(({ error, value }) => error?.isTemporary || value?.isPartial);
  const hasMore = Object.values(parts).some(({ value }) => value?.hasMore);
  return html`<section class="panel" id="part-timeline" aria-label=${t("timeline")}>
    <header><h2>${t("timeline")}</h2></header>
    <${Partial} isPartial=${isPartial} hasMore=${hasMore} />
    <ol class="timeline">${events
      .slice(0, more.count)
      .map(
        (one, index) =>
          html`<li key=${one.id}><time class=${momentOf(one.at) === momentOf(events[index - 1]?.at) ? "repeated" : "muted"}>${momentOf(one.at)}</time> <span class="tag">${t(one.kind)}</span> <span class="what" dir="auto">${one.text}</span></li>`,
      )}</ol>${more.below(events.length)}
  </section>`;
}
