/** Events of all services in one list; unavailable sources are named above it. */
import { isMistake } from "../../../../../fhir/clinical-status.ts";
import type { FhirResource } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { findingOf, foundAt, testOf } from "../../parts/finding.ts";
import { useMore } from "../../parts/more.ts";
import { Partial } from "../../parts/panel.ts";
import type { Found } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import type { Loaded } from "../../platform/load.ts";
import { medicationText } from "../../platform/medications.ts";
import { joined, t, type TextKey } from "../../platform/texts.ts";
import { titleOf } from "./documents.ts";
import { kindOf } from "./encounters.ts";
import { dosageWords } from "../../platform/dosage-words.ts";
import { noteText } from "../../platform/notes.ts";
import { conceptOf, quantityOf } from "../../platform/shown-values.ts";
import { outcomeOf } from "../round/dose-outcome.ts";
import { isReport, reportedAt } from "./reports.ts";
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
  const { encounters, results, reports, prescriptions, doses, taken, orders, problems, notes } = parts;
  /** Without mistakes, and results that were cancelled. */
  const of = <Resource extends FhirResource>({ value }: Loaded<Found<Resource>>) =>
    (value?.resources ?? []).filter(
      (one) => !isMistake(one as object) && !(one.resourceType === "Observation" && one.status === "cancelled"),
    );
  const events = [
    ...of(encounters).map((one) => ({
      id: one.id,
      at: one.period?.start,
      kind: "timeline.encounter" as const,
      text: joined(kindOf(one), conceptOf(one.reasonCode?.[0])),
    })),
    ...of(results).map((one) => ({
      id: one.id,
      at: foundAt(one),
      kind: "timeline.result" as const,
      text: `${testOf(one)} ${findingOf(one)}`,
    })),
    ...of(reports)
      .filter(isReport)
      .map((one) => ({
        id: one.id,
        at: reportedAt(one),
        kind: "timeline.result" as const,
        text: joined(conceptOf(one.code), one.conclusion),
      })),
    ...of(prescriptions).map((one) => ({
      id: one.id,
      at: one.authoredOn,
      kind: "timeline.prescription" as const,
      text: medicationText(one),
    })),
    ...of(doses).map((one) => ({
      id: one.id,
      at: one.effectiveDateTime ?? one.effectivePeriod?.start,
      kind: "timeline.dose" as const,
      text: joined(medicationText(one), one.dosage?.dose && quantityOf(one.dosage.dose), t(`round.${outcomeOf(one)}`)),
    })),
    ...of(taken).map((one) => ({
      id: one.id,
      at: one.dateAsserted,
      kind: "timeline.taken" as const,
      text: joined(medicationText(one), dosageWords(one.dosage)),
    })),
    ...of(orders).map((one) => ({
      id: one.id,
      at: one.authoredOn,
      kind: "timeline.order" as const,
      text: conceptOf(one.code),
    })),
    ...of(problems).map((one) => ({
      id: one.id,
      at: one.recordedDate ?? one.onsetDateTime,
      kind: "timeline.problem" as const,
      text: conceptOf(one.code),
    })),
    ...of(notes)
      .filter(({ status }) => status === "current")
      .map((one) => ({ id: one.id, at: one.date, kind: "timeline.note" as const, text: noteText(one) || titleOf(one) })),
  ];
  return events
    .flatMap(({ id = "", at, ...one }) => (at === undefined ? [] : [{ ...one, id, at }]))
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

export function Timeline({ parts }: { parts: Parts }) {
  const events = eventsOf(parts);
  const more = useMore(STEP, Number.POSITIVE_INFINITY);
  const isPartial = Object.values(parts).some(({ error, value }) => error?.isTemporary || value?.isPartial);
  /** Whether everything was read that the person may see. */
  const isWhole = !isPartial && Object.values(parts).every(({ value, error }) => value !== undefined || error !== undefined);
  const hasMore = Object.values(parts).some(({ value }) => value?.hasMore);
  return html`<section class="panel" id="part-timeline" aria-label=${t("timeline")}>
    <header><h2>${t("timeline")}</h2></header>
    <${Partial} isPartial=${isPartial} hasMore=${hasMore} />
    ${events.length === 0 && isWhole && html`<p class="muted">${t("none")}</p>`}
    <ol class="timeline" hidden=${events.length === 0}>${events
      .slice(0, more.count)
      .map(
        (one, index) =>
          html`<li key=${one.id}><time class=${momentOf(one.at) === momentOf(events[index - 1]?.at) ? "repeated" : "muted"}>${momentOf(one.at)}</time> <span class="tag">${t(one.kind)}</span> <span class="what" dir="auto">${one.text}</span></li>`,
      )}</ol>${more.below(events.length)}
  </section>`;
}
