/** When a medication as needed was given last, and from when on it may be given again. */
import { earliestFor, type GivenDose, limitsOf } from "../../../../../fhir/dose-limits.ts";
import type { MedicationAdministration, MedicationRequest } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { search } from "../../platform/api.ts";
import { dateOf, day, momentOf, now, timeOf } from "../../platform/clock.ts";
import { t } from "../../platform/texts.ts";

/** How far back doses are looked for, days; and the limit of one search. */
const LAST_DAYS = 7;
const MAX_FOUND = "1000";

/** Doses that were given. */
export interface Given {
  /** The latest first, by prescription, "MedicationRequest/…". */
  by: Map<string, GivenDose[]>;
  isPartial: boolean;
}

/** The doses that were given by these prescriptions, those of the last days. */
export async function givenBy(prescriptions: readonly MedicationRequest[]): Promise<Given> {
  if (prescriptions.length === 0) return { by: new Map(), isPartial: false };
  const { resources, isPartial, hasMore } = await search<MedicationAdministration>("MedicationAdministration", {
    request: prescriptions.map(({ id }) => `MedicationRequest/${id}`).join(","),
    status: "completed,in-progress",
    "effective-time": `ge${day(LAST_DAYS)}`,
    _sort: "-effective-time",
    _count: MAX_FOUND,
  });
  const by = new Map<string, GivenDose[]>();
  for (const { request, effectiveDateTime, effectivePeriod, dosage } of resources) {
    const at = Date.parse(effectiveDateTime ?? effectivePeriod?.start ?? "");
    const of = request?.reference ?? "";
    if (!Number.isNaN(at)) by.set(of, [...(by.get(of) ?? []), { at, dose: dosage?.dose }]);
  }
  return { by, isPartial: isPartial || hasMore };
}

/** The time of an instant, with its day unless that is today. */
function momentText(at: number): string {
  const [moment, present] = [at, now.value].map((one) => new Date(one).toISOString());
  return dateOf(moment) === dateOf(present) ? timeOf(at) : momentOf(moment);
}

interface LastGivenProps {
  of: MedicationRequest;
  /** The latest first. */
  given: readonly GivenDose[];
}

export function LastGiven({ of, given }: LastGivenProps) {
  const [last] = given;
  if (!last) return html`<span class="muted">${t("round.notGivenYet")}</span>`;
  const limits = limitsOf(of.dosageInstruction?.[0]);
  const next = earliestFor({ at: now.value }, given, limits);
  const isEarly = next !== undefined && next > now.value;
  return html`<span class="muted">${t("round.lastGiven", { at: momentText(last.at) })}</span>
    ${isEarly && html` <span class="tag warn">${t("round.nextFrom", { at: momentText(next) })}</span>`}
    ${limits.length > 0 && next === now.value && html` <span class="tag good">${t("round.mayBeGiven")}</span>`}`;
}
